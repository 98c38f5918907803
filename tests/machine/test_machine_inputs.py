"""Inputs: what is handed in is checked by the handler's types and kept for sealing; and flows that build on others."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from drafts import GOOD, define
from pydantic import SecretStr, ValidationError

from onboarding import (
    ASK,
    DefinitionError,
    Done,
    Failed,
    Flow,
    Secret,
    VerificationCode,
    Waiting,
    Working,
    later,
    minutes,
    on_input,
    once,
    read,
)
from onboarding.machine import Input


class Desk(Flow, name="desk", version=3):
    """Waits for a decision, and carries it out."""

    remark_kept: str = ""
    code: VerificationCode = later()

    states: ClassVar = [Waiting("open", up_to=minutes(5)), Working("filing"), Done("filed"), Failed("lapsed")]
    transitions: ClassVar = [
        ["decided", "open", "filing"],
        ["nudged", "open", "open", "may_nudge"],
        ["timed_out", "open", "lapsed"],
        ["filed", "filing", "filed"],
    ]

    def may_nudge(self) -> bool:
        return self.times("nudged") <= 2

    @on_input
    def decided(self, code: VerificationCode, why: str = "none given", *, weight: int = 1) -> None:
        self.code = code
        self.remark_kept = f"{why} {weight}"

    @once(then="filed", in_doubt=ASK)
    async def filing(self, api: Any) -> str | None:
        return f"filed with {api}"


def decided() -> Input[Any]:
    found = Desk.definition.inputs["open"]["decided"]
    assert found is not None
    return found


def test_a_waiting_state_lists_its_inputs_with_and_without_values() -> None:
    assert list(Desk.definition.inputs) == ["open"]
    assert list(Desk.definition.inputs["open"]) == ["decided", "nudged"]
    assert Desk.definition.inputs["open"]["nudged"] is None
    assert (decided().name, list(decided().parameters)) == ("decided", ["code", "why", "weight"])


def test_a_polling_state_lists_its_inputs_without_what_its_step_and_its_deadline_fire() -> None:
    inputs = define(GOOD).definition.inputs
    assert {state: list(names) for state, names in inputs.items()} == {
        "awaiting": ["entered", "resend"],
        "reviewing": ["withdrawn"],
    }


def test_what_is_handed_in_is_read_by_the_handlers_types() -> None:
    given = decided().parse({"code": " 602 843 ", "weight": "7"})
    assert given.model_dump(context={"reveal": True}) == {"code": "602843", "why": "none given", "weight": 7}


def test_what_is_kept_is_json_with_the_secrets_revealed_and_reads_the_same_again() -> None:
    kept = decided().keep(decided().parse({"code": "602843", "why": "because"}))
    assert kept == {"code": "602843", "why": "because", "weight": 1}
    again = decided().parse(json.loads(json.dumps(kept)))
    flow = Desk()
    flow.decided(**dict(again))
    assert flow.code.get_secret_value() == "602843"
    assert flow.remark_kept == "because 1"


@pytest.mark.parametrize(
    "values",
    [{}, {"code": ""}, {"code": "CANARY-"}, {"code": "1", "weight": "CANARY"}, {"code": "1", "more": "CANARY"}],
)
def test_what_does_not_fit_is_not_taken_and_not_shown(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        decided().parse(values)
    assert "CANARY" not in f"{caught.value} {caught.value!r}"


def test_what_was_handed_in_is_masked_when_it_is_shown() -> None:
    given = decided().parse({"code": "602843"})
    assert "602843" not in f"{given} {given!r} {given.model_dump_json()} {given.model_dump()}"


def test_on_a_journey_steps_and_inputs_are_plain_methods() -> None:
    flow = Desk()
    flow.decided(SecretStr("1"), "why not", weight=2)
    assert flow.remark_kept == "why not 2"


@pytest.mark.anyio
async def test_a_step_can_be_called_by_itself() -> None:
    assert await Desk().filing("an api") == "filed with an api"


# Flows that build on others


class StrictDesk(Desk, name="strict-desk", version=1):
    """The same, with another way to file and another condition."""

    stamp: Secret = later()

    def may_nudge(self) -> bool:
        return False

    @read(then="filed")
    async def filing(self, api: Any) -> str | None:
        return "stamped"


def test_a_flow_inherits_states_transitions_steps_and_inputs() -> None:
    own, base = StrictDesk.definition, Desk.definition
    assert (own.states, own.arrows, own.inputs) == (base.states, base.arrows, base.inputs)
    assert [*StrictDesk.model_fields] == ["remark_kept", "code", "stamp"]
    assert (own.name, own.version, base.name, base.version) == ("strict-desk", 1, "desk", 3)
    assert own.machine is not base.machine


@pytest.mark.anyio
async def test_a_step_that_a_subclass_declares_again_is_its_own_and_the_base_keeps_its() -> None:
    assert (StrictDesk.definition.steps["filing"].effect, Desk.definition.steps["filing"].effect) == ("read", "once")
    assert await StrictDesk().filing("an api") == "stamped"
    assert await Desk().filing("an api") == "filed with an api"


def test_a_condition_that_a_subclass_overrides_is_the_one_that_is_asked() -> None:
    assert Desk.definition.decide(Desk(), "open", "nudged") == "open"
    assert StrictDesk.definition.decide(StrictDesk(), "open", "nudged") is None


def test_a_condition_on_times_ends_what_it_counts() -> None:
    flow = Desk()
    leads = []
    for count in range(1, 5):
        flow._fired["nudged"] = count
        leads.append(Desk.definition.decide(flow, "open", "nudged"))
    assert leads == ["open", "open", None, None]


def test_a_subclass_says_its_own_name() -> None:
    with pytest.raises(DefinitionError, match="Nameless: say its name in the class line"):

        class Nameless(Desk):
            pass


def test_a_subclass_that_takes_a_step_away_is_refused() -> None:
    with pytest.raises(DefinitionError, match="Lazy: the state 'filing' has no step"):

        class Lazy(Desk, name="lazy"):
            async def filing(self, api: Any) -> str | None:
                return None


def test_a_subclass_that_overrides_a_check_by_name_alone_is_refused() -> None:
    deaf = GOOD + "\nclass Deaf(Draft, name='deaf'):\n    async def is_checked(self, api: Any) -> bool | None: ...\n"
    with pytest.raises(DefinitionError, match="Deaf: another 'is_checked' hides the check of the step 'checking'"):
        define(deaf)


def test_a_flow_of_another_version_is_not_taken_over_unless_it_says_how() -> None:
    with pytest.raises(DefinitionError, match="Desk version 3 does not say how to take over a journey of version 2"):
        Desk.migrate(2, "open", {})
