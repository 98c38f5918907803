"""The verifier's part on bad input: it is clean, it can be repeated, and it finds what it is there to find."""

from __future__ import annotations

import collections
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onboarding.errors import DefinitionError, InvalidData, JourneyError, SettingsError
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.verify.bad_input import BadInput, command_line, definitions, handing_in, sources
from onboarding.verify.bad_input.drafts import define, mutated
from onboarding.verify.bad_input.must_refuse import CASES as MUST_REFUSE
from onboarding.verify.bad_input.questionnaire import START, Questionnaire
from onboarding.verify.plan import Plan, Progress


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(folder=tmp_path)


def found(try_case: Callable[[Plan, str], list[str]], plan: Plan, name: str, most: int, said: str) -> list[str]:
    """What the first of these cases finds that finds what is said."""
    for number in range(most):
        faults = [fault for fault in try_case(plan, f"{name}-{number}") if re.search(said, fault)]
        if faults:
            return faults
    return []


def test_the_quick_run_is_clean_and_says_how_far_it_is(tmp_path: Path) -> None:
    told: list[Progress] = []
    result = BadInput().run(Plan(folder=tmp_path, tell=told.append))
    assert result.findings == ()
    assert result.passed
    whole = 434 + len(MUST_REFUSE)
    assert result.cases == sum(result.counts.values()) == whole
    assert (told[-1].done, told[-1].total) == (whole, whole)


def test_one_case_can_be_done_again_by_its_name(plan: Plan) -> None:
    result = BadInput().run(Plan(folder=plan.folder, case="settings-17"))
    assert (result.cases, result.counts["inputs to: settings"], result.counts["inputs to: send"]) == (1, 1, 0)


def test_the_same_seed_gives_the_same_input_and_another_seed_another(plan: Plan) -> None:
    def drafts(seed: int) -> list[str]:
        made = Plan(folder=plan.folder, seed=seed)
        return [mutated(made.rng("bad-input", f"definition-{number}"))[0] for number in range(40)]

    assert drafts(1) == drafts(1)
    assert drafts(1) != drafts(2)


def test_some_definitions_are_refused_and_some_run(plan: Plan) -> None:
    ends: collections.Counter[str] = collections.Counter()
    for number in range(130):
        draft = mutated(plan.rng("bad-input", f"definition-{number}"))[1]
        try:
            define(draft, lambda _: None)
        except DefinitionError:
            ends["refused"] += 1
        else:
            ends["defined"] += 1
    assert ends["refused"] > 60
    assert ends["defined"] > 10


@pytest.mark.anyio
async def test_the_questionnaire_can_be_answered() -> None:
    async with Onboarding(Settings(journal="memory://"), flows=[Questionnaire], api=object()) as onboarding:
        journey = await onboarding.start(Questionnaire, **START)
        await onboarding.send(journey.id, "passed")
        assert (await onboarding.wait(journey.id)).ended_well


# Each target finds a planted defect


def leaking(kind: type[Exception]) -> Callable[..., Any]:
    def fail(*given: Any, **named: Any) -> Any:
        raise kind(f"cannot take {given} {named}")

    return fail


def showing(*given: Any, **named: Any) -> Any:
    raise InvalidData(f"the token {os.environ['ONBOARDING_API_TOKEN']} does not fit")


def raising(*given: Any, **named: Any) -> Any:
    raise ZeroDivisionError


def test_a_service_that_repeats_a_value_is_found(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.service.asking.check_input", leaking(InvalidData))
    assert found(handing_in.try_case, plan, "send", 60, "repeats what was handed in")


def test_a_service_that_raises_an_error_of_its_own_is_found(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.service.asking.check_input", raising)
    assert found(handing_in.try_case, plan, "send", 60, "it raised ZeroDivisionError")


def test_a_refusal_that_moves_the_journey_is_found(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Onboarding.send

    async def moved(self: Onboarding, journey: str, name: str, /, **values: Any) -> Any:
        try:
            return await send(self, journey, name, **values)
        except JourneyError:
            await self.cancel(journey)
            raise

    monkeypatch.setattr(Onboarding, "send", moved)
    assert found(handing_in.try_case, plan, "send", 60, "has moved the journey")


def test_settings_that_repeat_a_value_are_found(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(**given: Any) -> Settings:
        try:
            return Settings(**given)
        except ValueError as error:
            raise SettingsError(str(error.errors()) if hasattr(error, "errors") else "no") from error

    monkeypatch.setattr(Settings, "load", load)
    assert found(sources.try_case, plan, "settings", 100, "repeats what was handed in")


def test_settings_that_raise_an_error_of_their_own_are_found(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "load", raising)
    assert found(sources.try_case, plan, "settings", 5, "it raised ZeroDivisionError")


def test_a_definition_that_raises_an_error_of_its_own_is_found(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.machine.checks._check_lengths", raising)
    monkeypatch.setattr("onboarding.machine.flow.DefinitionError", ValueError)  # the net below all checks
    assert found(definitions.try_case, plan, "definition", 40, "which is no DefinitionError")


def test_a_definition_that_is_let_through_and_cannot_run_is_found(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.machine.storable._fits", lambda field: True)
    assert found(definitions.try_case, plan, "definition", 400, "it was not refused")


Calling = Callable[[Plan, str], list[str]]


@pytest.fixture
def calling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calling]:
    """Calls of the command line in this process; what a command sets up is undone."""
    import logging

    from onboarding.log import log

    yield lambda plan, said: found(command_line.try_case, plan, "command", 150, said)
    log.remove()
    log.disable("onboarding")
    for handler in [each for each in logging.getLogger().handlers if isinstance(each, logging.NullHandler)]:
        logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize(
    ("place", "planted", "said"),
    [
        ("onboarding.cli.failure._guarded", raising, "its exit code is 'Traceback: Zero"),
        ("onboarding.cli.values.collect", showing, "standard error repeats what was handed in"),
        ("onboarding.cli.values.collect", raising, r"it met \(ZeroDivisionError\)"),
        ("onboarding.cli.failure.exit_of_error", lambda _: 77, "its exit code is 77"),
    ],
    ids=["a traceback", "a secret", "an error that nobody mapped", "an exit code"],
)
def test_a_command_line_with_a_defect_is_found(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, calling: Calling, place: str, planted: Any, said: str
) -> None:
    monkeypatch.setattr(place, planted)
    assert calling(plan, said)


def test_a_file_that_is_written_elsewhere_is_found(tmp_path: Path) -> None:
    from onboarding.verify.bad_input.child import _Watch

    (tmp_path / "inside").mkdir()
    watch = _Watch(tmp_path / "inside")
    watch("open", (str(tmp_path / "inside" / "file"), "w", 1))
    watch("open", (str(tmp_path / "read"), "r", 0))
    assert watch.seen == []
    watch("open", (str(tmp_path / "inside" / ".." / "file"), "w", 1))
    watch("os.mkdir", (str(tmp_path / "folder"), 0o700, -1))
    assert watch.seen == ["open", "os.mkdir"]
