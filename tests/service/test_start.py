"""Starting journeys, and finding them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.metadata import EntryPoint
from itertools import count
from typing import Annotated, Any, ClassVar

import pytest
from greeting import Greeting, GreetingApi
from pydantic import AfterValidator, BaseModel, StringConstraints

from onboarding import (
    DefinitionError,
    Done,
    Flow,
    InvalidData,
    NotPossible,
    Onboarding,
    Settings,
    SettingsError,
    Status,
    UnknownFlow,
    UnknownJourney,
    Waiting,
    minutes,
)
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def onboarding(anyio_backend: str, settings: Settings, api: GreetingApi) -> AsyncIterator[Onboarding]:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        yield onboarding


async def test_a_flow_is_named_by_its_name_its_class_its_path_or_an_instance(onboarding: Onboarding) -> None:
    for flow in ("greeting", Greeting, "greeting:Greeting"):
        assert (await onboarding.start(flow, name="a")).flow == "greeting"
    assert (await onboarding.start(Greeting(name="a"))).flow == "greeting"


async def test_a_start_with_the_same_key_is_the_same_journey_also_at_once(onboarding: Onboarding) -> None:
    first = await onboarding.start(Greeting, key="k", name="a")
    again = await asyncio.gather(*(onboarding.start(Greeting, key="k", name="b") for _ in range(10)))
    assert {journey.id for journey in again} == {first.id}
    assert (await onboarding.start(Greeting, key="other", name="a")).id != first.id
    assert len({(await onboarding.start(Greeting, name="a")).id for _ in range(3)}) == 3
    assert (await onboarding.get(first.id)).data.name == "a"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, "name: is needed"),
        ({"name": "a", "answer": "canary"}, "answer is filled in on the way"),
        ({"name": "a", "canary": "canary-value"}, "canary: is not known here"),
        ({"name": {"canary-value": 1}}, "name: must be a text"),
    ],
)
async def test_fields_that_do_not_fit_are_named_and_never_shown(
    onboarding: Onboarding, fields: dict[str, Any], names: str
) -> None:
    with pytest.raises(InvalidData) as caught:
        await onboarding.start(Greeting, **fields)
    assert names in str(caught.value)
    assert "canary-value" not in repr(caught.value)
    assert await onboarding.list() == ()


class Part(BaseModel):
    """A model within a flow."""

    number: int


def unsigned(word: str) -> str:
    """A check that breaks."""
    if word.startswith("++"):
        raise RuntimeError
    return f"+{word}"


class Twice(Flow, name="twice", version=1):
    """Adds a sign whenever it reads a field, and takes none that has it."""

    word: Annotated[str, StringConstraints(pattern="^[a-z]+$"), AfterValidator("+{}".format)] | None = None
    other: Annotated[str, AfterValidator(unsigned)] | None = None
    part: Part | None = None

    states: ClassVar = [Waiting("waiting", up_to=minutes(1)), Done("done")]
    transitions: ClassVar = [["timed_out", "waiting", "done"]]


@pytest.mark.parametrize(
    ("fields", "says"), [({"word": "canary"}, "word: "), ({"other": "+canary"}, "it raised RuntimeError")]
)
async def test_a_flow_that_could_not_read_its_own_fields_again_does_not_start(
    onboarding: Onboarding, fields: dict[str, str], says: str
) -> None:
    with pytest.raises(DefinitionError, match=f"Twice cannot read its own fields again .*: {says}") as caught:
        await onboarding.start(Twice, **fields)
    assert "canary" not in repr(caught.value)
    assert await onboarding.list() == ()


async def test_a_model_that_was_built_without_a_check_is_not_the_flows_mistake(onboarding: Onboarding) -> None:
    with pytest.raises(InvalidData, match=r"twice cannot start: part\.number: must be a whole number") as caught:
        await onboarding.start(Twice, part=Part.model_construct(number="canary"))
    assert "canary" not in repr(caught.value)


@pytest.mark.parametrize("endless", [count(), range(10**9), (each for each in "ab")])
async def test_what_is_made_one_by_one_is_no_list(onboarding: Onboarding, endless: Any) -> None:
    with pytest.raises(InvalidData, match="name: must be data"):
        await onboarding.start(Greeting, name=endless)


async def test_an_instance_brings_no_later_fields_and_no_others_beside_it(onboarding: Onboarding) -> None:
    with pytest.raises(InvalidData, match="answer is filled in on the way"):
        await onboarding.start(Greeting(name="a", answer="canary"))
    with pytest.raises(InvalidData, match="not both"):
        await onboarding.start(Greeting(name="a"), name="b")


@pytest.mark.parametrize("flow", ["bogus", "greeting:Bogus", "no.such.module:Flow"])
async def test_an_unknown_flow_is_said(onboarding: Onboarding, flow: str) -> None:
    with pytest.raises(UnknownFlow):
        await onboarding.start(flow)


async def test_an_unknown_journey_is_said_everywhere(onboarding: Onboarding) -> None:
    for ask in (
        onboarding.get("x"),
        onboarding.history("x"),
        onboarding.send("x", "answered", text="a"),
        onboarding.cancel("x"),
        onboarding.retry("x"),
        onboarding.resolve("x", landed=True, reason="r"),
        onboarding.wait("x"),
    ):
        with pytest.raises(UnknownJourney):
            await ask


async def test_a_list_is_filtered_and_paged_newest_first(settings: Settings, api: GreetingApi) -> None:
    clock = VirtualClock()
    async with Onboarding(settings, flows=[Greeting], api=api, worker=False, clock=clock) as onboarding:
        ids = []
        for number in range(5):
            ids.append((await onboarding.start(Greeting, name=str(number))).id)
            clock.advance(60)
        watch = await onboarding.start("task-watch", user_id="u", task_type="JOB_TYPE_TA_OPEN")
        await onboarding.engine.advance(ids[0])

        async def found(**filters: object) -> list[str]:
            return [journey.id for journey in await onboarding.list(**filters)]  # type: ignore[arg-type]

        assert await found() == [watch.id, *reversed(ids)]
        assert await found(flow="greeting") == await found(flow=Greeting) == list(reversed(ids))
        assert await found(status="waiting") == await found(state="awaiting_answer") == [ids[0]]
        assert await found(status=["waiting", Status.POLLING]) == [watch.id, ids[0]]
        assert await found(older_than=timedelta(seconds=200)) == [ids[1], ids[0]]
        assert await found(newer_than=timedelta(seconds=100)) == [watch.id, ids[4]]
        page = await onboarding.list(limit=4)
        assert len(page) == 4
        rest = await onboarding.list(limit=4, after=page.next)
        assert [journey.id for journey in (*page, *rest)] == await found()
        assert rest.next is None
        assert all(journey.data is None for journey in page)
        with pytest.raises(InvalidData, match="'bogus' is no status; there are: working, "):
            await onboarding.list(status="bogus")
        assert await onboarding.count() == {
            ("greeting", "working", "greeting"): 4,
            ("greeting", "waiting", "awaiting_answer"): 1,
            ("task-watch", "polling", "watching"): 1,
        }


async def test_a_flow_whose_package_does_not_load_hides_no_journey(
    onboarding: Onboarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = await onboarding.wait((await onboarding.start(Greeting, name="a")).id)

    def broken(_: EntryPoint) -> object:
        raise SyntaxError("half-installed")

    monkeypatch.setattr(EntryPoint, "load", broken)
    registry = onboarding.flows
    monkeypatch.setattr(registry, "_loaded", {})
    monkeypatch.setattr(registry, "_entries", {"greeting": EntryPoint("greeting", "x:Y", "onboarding.flows")})
    assert [shown.id for shown in await onboarding.list()] == [journey.id]


async def test_a_finished_journey_is_shown_with_its_end_and_without_its_secrets(onboarding: Onboarding) -> None:
    journey = await onboarding.run(Greeting, name="a", password="canary", answer=lambda _: ("answered", {"text": "hi"}))
    shown = await onboarding.get(journey.id)
    assert (shown.state, shown.ended_well, shown.accepts, shown.due) == ("answered", True, (), None)
    assert shown.outcome is not None
    assert shown.data.password.get_secret_value() == "wiped"  # type: ignore[union-attr]
    assert "canary" not in repr(shown) + repr(shown.public())


async def test_without_what_it_needs_to_call_it_says_which_settings_are_missing(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="ONBOARDING_TENANT_ID and ONBOARDING_API_TOKEN must be set"):
        async with Onboarding(settings):
            pass
    async with Onboarding(settings, worker=False) as onboarding:
        assert await onboarding.list() == ()
        with pytest.raises(SettingsError, match="ONBOARDING_TENANT_ID"):
            await onboarding.drain()


async def test_a_worker_here_leaves_no_room_for_a_pass(onboarding: Onboarding) -> None:
    with pytest.raises(NotPossible, match="worker=False"):
        await onboarding.drain()


async def test_the_same_object_can_be_opened_again(settings: Settings, api: GreetingApi) -> None:
    onboarding = Onboarding(settings, flows=[Greeting], api=api)
    async with onboarding:
        journey = await onboarding.start(Greeting, name="a")
    async with onboarding:
        assert (await onboarding.wait(journey.id)).status is Status.WAITING
