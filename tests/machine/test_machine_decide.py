"""``decide``: where a trigger leads is what the table of transitions says, read from top to bottom."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from drafts import GOOD, define
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding import Done, Failed, Flow, Waiting, minutes
from onboarding.machine import Arrow

GUARDS = ("red", "green", "blue")
TRIGGERS = ("go", "skip", "timed_out")


class Lights(Flow):
    """What the random flows share: three conditions, which answer with what they find."""

    is_red: bool = False
    is_green: bool = False
    is_blue: bool = False

    def red(self) -> bool:
        return self.is_red

    def green(self) -> Any:
        return "lit" if self.is_green else ""

    def blue(self) -> Any:
        return [1] if self.is_blue else None


def guards() -> st.SearchStrategy[Any]:
    """As the library takes them: nothing, a name, a list of names."""
    return st.one_of(st.none(), st.sampled_from(GUARDS), st.lists(st.sampled_from(GUARDS), unique=True, max_size=2))


def several(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def applies(row: list[Any], source: str, trigger: str) -> bool:
    return bool(row[0] == trigger and source in several(row[1]))


def reading(rows: list[list[Any]], state: str, trigger: str, lights: dict[str, bool]) -> list[Any] | None:
    """The naive reading: the first row of that trigger and source whose conditions all hold."""
    for row in rows:
        if (
            applies(row, state, trigger)
            and all(lights[guard] for guard in several(row[3]))
            and not any(lights[guard] for guard in several(row[4]))
        ):
            return row
    return None


def is_shadowed(row: list[Any], source: str, before: list[list[Any]]) -> bool:
    """Whether a row before it holds whenever it does: such flows are refused, and not drawn."""
    return not {*several(row[3])}.isdisjoint(several(row[4])) or any(
        applies(other, source, row[0])
        and {*several(other[3])} <= {*several(row[3])}
        and {*several(other[4])} <= {*several(row[4])}
        for other in before
    )


@st.composite
def tables(draw: Callable[[Any], Any]) -> tuple[int, list[list[Any]]]:
    """A number of waiting states and a table of transitions with which a flow of them can work."""
    size = draw(st.integers(1, 3))
    names = [f"s{number}" for number in range(size)]
    rows: list[list[Any]] = []
    for _ in range(draw(st.integers(0, 6))):
        sources = draw(st.one_of(st.sampled_from(names), st.lists(st.sampled_from(names), unique=True, min_size=1)))
        row = [draw(st.sampled_from(TRIGGERS)), sources, draw(st.sampled_from([*names, "bad"])), draw(guards()),
               draw(guards())]  # fmt: skip
        if not any(is_shadowed(row, source, rows) for source in several(sources)):
            rows.append(row)
    for here, there in itertools.pairwise([*names, "good"]):  # so that everything is reached, and every deadline leads
        if not is_shadowed(["timed_out", here, there, None, None], here, rows):
            rows.append(["timed_out", here, there, None, None])
        rows.append([f"step_{here}", here, there, None, None])
    rows.append(["give_up", "s0", "bad", None, None])
    return size, rows


@given(table=tables())
@settings(max_examples=60, deadline=None)
def test_decide_agrees_with_a_naive_reading_of_the_table(table: tuple[int, list[list[Any]]]) -> None:
    size, rows = table

    class Random(Lights, name="random"):
        states: ClassVar = [
            *(Waiting(f"s{number}", up_to=minutes(1)) for number in range(size)),
            Done("good"),
            Failed("bad"),
        ]
        transitions: ClassVar = rows

    triggers = {row[0] for row in rows} | {"unheard_of"}
    for lit in itertools.product([False, True], repeat=3):
        lights = dict(zip(GUARDS, lit, strict=True))
        flow = Random(is_red=lit[0], is_green=lit[1], is_blue=lit[2])
        before = flow.model_dump()
        for state, trigger in itertools.product(Random.definition.states, triggers):
            row = reading(rows, state, trigger, lights)
            assert Random.definition.decide(flow, state, trigger) == (row and row[2])
        assert flow.model_dump() == before
        assert flow._fired == {}


DRAFT = define(GOOD)


def decide(flow: Flow, state: str, trigger: str) -> str | None:
    return type(flow).definition.decide(flow, state, trigger)


def test_a_trigger_leads_nowhere_from_a_state_that_does_not_know_it() -> None:
    flow = DRAFT()
    assert decide(flow, "sending", "sent") == "awaiting"
    assert decide(flow, "awaiting", "sent") is None
    assert decide(flow, "proven", "sent") is None
    assert decide(flow, "sending", "unheard_of") is None


def test_the_first_transition_whose_condition_holds_is_taken() -> None:
    flow = DRAFT()
    flow._fired["wrong"] = 2
    assert decide(flow, "checking", "wrong") == "awaiting"
    flow._fired["wrong"] = 3
    assert decide(flow, "checking", "wrong") == "refused"


def test_times_counts_the_triggers_that_were_fired() -> None:
    flow = DRAFT()
    assert flow.times("wrong") == 0
    flow._fired["wrong"] = 2
    assert (flow.times("wrong"), flow.times("right")) == (2, 0)


def test_deciding_changes_nothing_and_attaches_no_model() -> None:
    flow = DRAFT(code="123456")
    before = (dict(flow.__dict__), dict(flow._fired), flow.model_fields_set.copy())
    for _ in range(3):
        assert decide(flow, "checking", "wrong") == "awaiting"
    assert (flow.__dict__, flow._fired, flow.model_fields_set) == before
    assert DRAFT.definition.machine.models == []


@pytest.mark.parametrize("name", ["state", "flow", "_state", "trigger", "machine", "model"])
def test_a_condition_may_have_any_name(name: str) -> None:
    """Also one that the machine, or what it sees as its model, could use itself."""
    text = GOOD.replace("may_resend", name)
    assert decide(define(text)(), "awaiting", "resend") == "sending"
    assert decide(define(text.replace("return True", "return False"))(), "awaiting", "resend") is None


@pytest.mark.parametrize(
    ("answer", "leads"), [("'yes'", True), ("3", True), ("[0]", True), ("''", False), ("None", False), ("[]", False)]
)
def test_a_condition_answers_as_python_reads_it(answer: str, leads: bool) -> None:
    text = GOOD.replace("return True", f"return {answer}")
    assert decide(define(text)(), "awaiting", "resend") == ("sending" if leads else None)
    unless = text.replace('"may_resend"]', 'None, "may_resend"]')
    assert decide(define(unless)(), "awaiting", "resend") == (None if leads else "sending")


@pytest.mark.parametrize("decorator", ["@staticmethod", "@classmethod"])
def test_a_condition_may_be_static(decorator: str) -> None:
    old = "    def may_resend(self) -> bool:"
    own = "self" if decorator == "@classmethod" else ""
    flow = define(GOOD.replace(old, f"    {decorator}\n    def may_resend({own}) -> bool:"))()
    assert decide(flow, "awaiting", "resend") == "sending"


def test_an_error_in_a_condition_is_not_swallowed() -> None:
    flow = define(GOOD.replace("return True", "return 1 / 0"))()
    with pytest.raises(ZeroDivisionError):
        decide(flow, "awaiting", "resend")


def test_leads_lists_the_transitions_in_the_order_in_which_they_are_tried() -> None:
    assert DRAFT.definition.leads("checking", "wrong") == (
        Arrow("wrong", "checking", "awaiting", ("may_try_again",)),
        Arrow("wrong", "checking", "refused"),
    )
    assert DRAFT.definition.leads("sending", "wrong") == ()


def test_the_lengths_of_a_state_come_from_its_definition_or_from_the_field_that_it_names() -> None:
    flow, definition = DRAFT(patience="90s"), DRAFT.definition
    assert definition.up_to(flow, "awaiting") == minutes(1.5)
    assert definition.up_to(flow, "reviewing") == minutes(24 * 60)
    assert definition.up_to(flow, "sending") is None
    assert definition.every(flow, "reviewing") == minutes(1 / 12)
    assert definition.every(flow, "awaiting") is None


def test_the_main_path_is_the_shortest_way_of_success() -> None:
    assert DRAFT.definition.main_path() == ("sending", "awaiting", "checking", "reviewing", "proven")
    assert DRAFT.definition.initial == "sending"
    ends = {state for state in DRAFT.definition.states if DRAFT.definition.is_final(state)}
    assert ends == {"proven", "refused"}
