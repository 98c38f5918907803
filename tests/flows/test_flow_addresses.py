"""The picture of ``avatar-change``: on a host that the settings allow, and asked for by nobody here."""

from __future__ import annotations

import socket

import pytest
from people import NOBODY, PICTURE, TOKEN
from stage import CONFIG, Stage

from flows import AvatarChange
from onboarding import InvalidData, Onboarding, Settings
from onboarding.sandbox import SandboxDesk, SandboxServer

pytestmark = pytest.mark.anyio

ELSEWHERE = "https://pictures.evil.test/me.png"


def allowing(server: SandboxServer, *hosts: str) -> Onboarding:
    settings = Settings(
        base_url=server.url, tenant_id=CONFIG.tenant_id, api_token=TOKEN, journal="memory://", avatar_hosts=list(hosts)
    )
    return Onboarding(settings, worker=False)


async def test_a_picture_elsewhere_is_refused_before_there_is_a_journey(stage: Stage) -> None:
    with pytest.raises(InvalidData, match="avatar: must be on a host that is allowed") as refused:
        await stage.onboarding.start(AvatarChange, user_id=NOBODY, avatar=ELSEWHERE)
    assert "evil" not in f"{refused.value!r}"
    assert not await stage.onboarding.list()


async def test_an_instance_is_held_to_the_list_too(stage: Stage) -> None:
    made = AvatarChange(user_id=NOBODY, avatar=ELSEWHERE)
    with pytest.raises(InvalidData, match="avatar: must be on a host that is allowed"):
        await stage.onboarding.start(made)
    journey = await stage.onboarding.start(AvatarChange(user_id=NOBODY, avatar=PICTURE))
    assert journey.flow == "avatar-change"


async def test_the_settings_say_which_hosts_are_allowed(server: SandboxServer) -> None:
    async with allowing(server, "evil.test") as onboarding:
        await onboarding.start(AvatarChange, user_id=NOBODY, avatar=ELSEWHERE)
        with pytest.raises(InvalidData, match="on a host that is allowed"):
            await onboarding.start(AvatarChange, user_id=NOBODY, avatar=PICTURE)
    async with allowing(server) as onboarding:
        with pytest.raises(InvalidData, match="on a host that is allowed"):
            await onboarding.start(AvatarChange, user_id=NOBODY, avatar=PICTURE)


async def test_a_journey_goes_on_when_its_host_is_taken_off_the_list(stage: Stage) -> None:
    stage.throttle("2.10")
    await stage.start(AvatarChange, user_id=stage.user(), avatar=PICTURE)
    stage.onboarding.settings.avatar_hosts.clear()
    await stage.go_on()
    assert stage.journey.state == "avatar_changed"


async def test_nobody_asks_for_the_picture(server: SandboxServer) -> None:
    desk = SandboxDesk(server.url)
    desk.reset()
    user = desk.create_user("Ada", phone="15912345678", password="Abcd1234")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        picture = f"https://127.0.0.1:{listening.getsockname()[1]}/me.png"
        async with allowing(server, "127.0.0.1") as onboarding:
            journey = await onboarding.start(AvatarChange, user_id=user, avatar=picture)
            await onboarding.drain()
            assert (await onboarding.get(journey.id)).state == "avatar_changed"
        assert desk.user(user)["avatar"] == picture
        with pytest.raises(BlockingIOError):
            listening.accept()
        with socket.create_connection(listening.getsockname()):
            listening.setblocking(True)
            listening.accept()[0].close()  # one who did ask would be seen
