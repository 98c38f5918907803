"""A server that speaks TLS, wants to know who asks, and wants a key: as Temporal Cloud does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from certificates import Authority
from dev_server import PATIENCE, DevServer, WorkerProcess
from pydantic import SecretStr
from tls_front import Front, listening

from onboarding import Onboarding, Settings, SettingsError
from onboarding.drivers.temporal.server import Server, connect
from onboarding.sandbox import SandboxDesk
from onboarding.verify.rehearsal import cast

pytestmark = [pytest.mark.anyio, pytest.mark.temporal]

KEY = "canary-api-key-5f3a"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def is_refused(server: Server, words: str) -> None:
    """In one sentence, which holds no key, and at once."""
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(SettingsError, match=words) as told:
            await connect(server)
    assert told.value.__cause__ is None
    assert told.value.__context__ is None
    sentence = str(told.value)
    assert KEY not in sentence
    assert "\n" not in sentence
    assert "tonic" not in sentence


async def test_journeys_are_driven_through_a_server_that_wants_tls_a_certificate_and_a_key(
    settings: Settings, server: DevServer, sandbox: SandboxDesk, authority: Authority
) -> None:
    me = authority.sign("me")
    front = Front(server.port, key=KEY)
    async with listening(front, authority.sign("server"), clients=authority.file):
        encrypted = settings.model_copy(
            update={
                "temporal_address": front.address, "temporal_api_key": SecretStr(KEY), "temporal_ca": authority.file,
                "temporal_certificate": me.certificate, "temporal_key": me.key,
            }
        )  # fmt: skip
        async with Onboarding(encrypted, worker="temporal") as onboarding:
            role = cast(onboarding.flows["avatar-change"], sandbox, random.Random(7))
            journey = await onboarding.start("avatar-change", **role.fields)
            assert (await onboarding.wait(journey.id, timeout=PATIENCE)).ended_well
    assert front.seen
    assert {headers["authorization"] for headers in front.seen} == {f"Bearer {KEY}"}
    assert KEY not in repr(encrypted)


async def test_a_worker_process_reads_all_of_it_from_the_settings_and_shows_no_key(
    settings: Settings, server: DevServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = Front(server.port, key=KEY)
    async with listening(front, authority.sign("server", host="temporal.example")):
        for name, value in (("API_KEY", KEY), ("CA", authority.file), ("SERVER_NAME", "temporal.example")):
            monkeypatch.setenv(f"ONBOARDING_TEMPORAL_{name}", str(value))
        there = settings.model_copy(update={"temporal_address": front.address})
        with WorkerProcess(there, "-v") as worker:
            await asyncio.to_thread(worker.until_it_says, "advancing the journeys of")
            shown = await asyncio.to_thread(Path(f"/proc/{worker.pid}/cmdline").read_bytes)
            assert await asyncio.to_thread(worker.stop) == 0
    assert KEY.encode() not in shown
    assert not [line for line in worker.said if KEY in line]


async def test_a_wrong_key_and_none_are_refused_in_one_sentence(server: DevServer, authority: Authority) -> None:
    front = Front(server.port, key=KEY)
    async with listening(front, authority.sign("server")):
        for wrong in (f"{KEY}-of-last-year", None):
            there = Server(front.address, "ours.a1b2c", wrong, ca=authority.file)
            await is_refused(there, r"refuses whoever asks for the namespace 'ours.a1b2c' \(ONBOARDING_TEMPORAL_API_K")


async def test_a_key_is_never_told_to_a_server_that_does_not_speak_tls(server: DevServer) -> None:
    heard = b""

    async def overhear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += await reader.read(1 << 16)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(overhear, "127.0.0.1", 0)
    async with listener:
        address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        await is_refused(Server(address, api_key=KEY), "it does not speak TLS")
    assert heard[:1] == b"\x16", "the beginning of TLS, and nothing else"
    assert KEY.encode() not in heard
    await is_refused(Server(server.address, api_key=KEY), "it does not speak TLS")


@pytest.mark.parametrize(
    ("said", "own"),
    [
        ("its certificate has expired", {"until": timedelta(days=-1)}),
        ("its certificate is not valid yet", {"until": timedelta(days=20)}),
        (r"its certificate is for another name \(ONBOARDING_TEMPORAL_SERVER_NAME", {"host": "elsewhere.example"}),
    ],
)
async def test_a_certificate_that_is_not_in_order_is_told(
    server: DevServer, authority: Authority, said: str, own: dict[str, object]
) -> None:
    async with listening(Front(server.port), authority.sign("server", **own)) as front:  # type: ignore[arg-type]
        await is_refused(Server(front.address, ca=authority.file), said)


async def test_an_authority_that_nobody_knows_is_told(server: DevServer, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    async with listening(Front(server.port), authority.sign("server")) as front:
        for there in (Server(front.address, ca=other.file), Server(front.address, tls=True)):
            await is_refused(there, r"from nobody who is trusted here \(ONBOARDING_TEMPORAL_CA\)")


async def test_a_server_that_wants_a_certificate_says_so_when_none_or_a_strangers_comes(
    server: DevServer, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "other").sign("stranger")
    async with listening(Front(server.port), authority.sign("server"), clients=authority.file) as front:
        for own in ((None, None), (stranger.certificate, stranger.key)):
            there = Server(front.address, ca=authority.file, certificate=own[0], key=own[1])
            await is_refused(there, "wants? a certificate from who asks")


async def test_files_that_cannot_be_used_are_told_by_their_settings(
    server: DevServer, authority: Authority, tmp_path: Path
) -> None:
    me, you = authority.sign("me"), authority.sign("you")
    junk = tmp_path / "junk.pem"
    junk.write_text(KEY)
    nowhere = tmp_path / "nowhere.pem"
    async with listening(Front(server.port), authority.sign("server")) as front:

        def there(ca: Path = authority.file, certificate: Path | None = None, key: Path | None = None) -> Server:
            return Server(front.address, ca=ca, certificate=certificate, key=key)

        await is_refused(there(junk), "ONBOARDING_TEMPORAL_CA: the file holds no certificate in PEM")
        await is_refused(there(nowhere), "ONBOARDING_TEMPORAL_CA: the file cannot be read: No such file")
        await is_refused(there(tmp_path), "ONBOARDING_TEMPORAL_CA: the file cannot be read: Is a directory")
        await is_refused(there(certificate=me.certificate), "are of use only together")
        await is_refused(there(key=me.key), "are of use only together")
        await is_refused(there(certificate=junk, key=me.key), "CERTIFICATE: the file holds no certificate in PEM")
        await is_refused(there(certificate=me.certificate, key=junk), "no private key in PEM")
        await is_refused(there(certificate=me.certificate, key=you.key), "do not belong together")


async def test_the_wrong_kind_of_server_is_told(server: DevServer, authority: Authority) -> None:
    own = authority.sign("server")
    async with listening(Front(server.port), own) as front:
        await is_refused(Server(front.address), r"does it want TLS \(ONBOARDING_TEMPORAL_TLS\)\?")
    async with listening(Front(server.port), own, protocols=("http/1.1",)) as front:
        await is_refused(Server(front.address, ca=authority.file), "something else answers there")


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """Takes connections, and never says a word."""
    over = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    listener = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with listener:
        yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        over.set()


@pytest.mark.parametrize("tls", [False, True])
async def test_a_server_that_never_answers_is_given_up(tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.drivers.temporal.server._PATIENCE", timedelta(seconds=1))
    async with silent() as address:
        await is_refused(Server(address, tls=tls), f"no Temporal server answers at {address} within 1 s")
