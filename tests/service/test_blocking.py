"""The blocking twin: the same methods, from any thread."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from greeting import Greeting, GreetingApi

from onboarding import BlockingOnboarding, InputRefused, Onboarding, Settings, SettingsError, UnknownJourney


def methods(kind: type) -> dict[str, Any]:
    return {name: member for name, member in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_it_has_the_same_methods_with_the_same_parameters() -> None:
    there, here = methods(Onboarding), methods(BlockingOnboarding)
    assert here.keys() == there.keys()
    for name, method in there.items():
        assert inspect.iscoroutinefunction(method)
        assert not inspect.iscoroutinefunction(here[name])
        one, two = inspect.signature(method), inspect.signature(here[name])
        for parameter, other in zip(one.parameters.values(), two.parameters.values(), strict=True):
            assert (parameter.name, parameter.kind, parameter.default) == (other.name, other.kind, other.default)
            if (name, parameter.name) != ("run", "answer"):  # there it may be async
                assert parameter.annotation == other.annotation, (name, parameter.name)
        assert one.return_annotation == two.return_annotation, name


def test_it_does_what_its_twin_does(settings: Settings, api: GreetingApi) -> None:
    with BlockingOnboarding(settings, flows=[Greeting], api=api) as onboarding:
        journey = onboarding.run(Greeting, name="a", answer=lambda _: ("answered", {"text": "hi"}))
        assert journey.ended_well
        assert onboarding.get(journey.id).id == journey.id
        assert [row.trigger for row in onboarding.history(journey.id)] == ["started", "greeted", "answered", "sent"]
        assert [shown.id for shown in onboarding.list(flow="greeting", limit=1)] == [journey.id]
        assert onboarding.count() == {("greeting", "done", "answered"): 1}
        other = onboarding.start("greeting", key="k", name="b")
        assert onboarding.wait(other.id, timeout=5).accepts == ("answered", "greet_again")
        with pytest.raises(InputRefused):
            onboarding.send(other.id, "greet_again")
        assert onboarding.cancel(other.id, "enough").outcome.text == "enough"  # type: ignore[union-attr]
        with pytest.raises(UnknownJourney):
            onboarding.retry("x")


def test_several_threads_may_use_it(settings: Settings, api: GreetingApi) -> None:
    with (
        BlockingOnboarding(settings, flows=[Greeting], api=api) as onboarding,
        ThreadPoolExecutor(8) as pool,
    ):
        ends = pool.map(
            lambda n: onboarding.run(Greeting, name=str(n), answer=lambda _: ("answered", {"text": "hi"})), range(24)
        )
        assert all(journey.ended_well for journey in ends)
    assert sorted(api.sent, key=int) == [str(n) for n in range(24)]


def test_an_opening_that_fails_says_why_and_ends_its_thread(settings: Settings) -> None:
    import threading

    before = threading.active_count()
    with pytest.raises(SettingsError, match="ONBOARDING_TENANT_ID"), BlockingOnboarding(settings):
        pass
    assert threading.active_count() <= before  # those of other tests may have ended meanwhile


def test_a_pass_for_cron(settings: Settings, api: GreetingApi) -> None:
    with BlockingOnboarding(settings, flows=[Greeting], api=api, worker=False) as onboarding:
        onboarding.start(Greeting, name="a")
        assert onboarding.drain() == 1
        assert onboarding.drain() == 0
    assert api.greeted == ["a"]
