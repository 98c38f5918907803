"""What a flow's definition must fulfil. Each refusal names the class and the state and says what to do."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from onboarding.api.codes import CREDENTIALS, Meaning
from onboarding.api.effects import Effect
from onboarding.errors import DefinitionError
from onboarding.machine.fields import is_later
from onboarding.machine.states import Done, Failed, Polling, State, Waiting, Working
from onboarding.machine.steps import Ask, Input, Step

if TYPE_CHECKING:
    from onboarding.machine.definition import Arrow
    from onboarding.machine.flow import Flow

__all__ = ["RESERVED", "arrows", "exits", "inputs", "names", "reachable", "refuse", "states", "steps"]

RESERVED = frozenset({
    "started", "retry", "in_doubt", "sent_again", "landed", "not_landed", "parked", "retried", "resolved",
    "cancelled", "input_refused", "migrated",
})  # fmt: skip
"""Words that the engine itself writes into a history: no trigger may be called so."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_UNTOLD = CREDENTIALS | {Meaning.SYSTEM_ERROR}  # these never reach a step as a refusal
_KINDS = (Working, Polling, Waiting, Done, Failed)
_LONGEST_REFUSAL = 600
_SHORTEST, _LONGEST = 3, 5  # of a transition: trigger, source, dest, then conditions, unless


def refuse(flow: type[Flow], what: str) -> NoReturn:
    """Say that a flow cannot work, naming its class. What it was given is repeated as far as a name goes."""
    if len(what) > _LONGEST_REFUSAL:
        what = f"{what[: _LONGEST_REFUSAL // 2]} … {what[-_LONGEST_REFUSAL // 2 :]}"
    raise DefinitionError(f"{flow.__name__}: {what}")


def states(flow: type[Flow], name: str, version: int) -> dict[str, State]:
    """The flow's name, version and states."""
    if not name:
        refuse(flow, f'say its name in the class line: class {flow.__name__}(Flow, name="my-flow")')
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        refuse(flow, f"the name {name!r} must be lower-case words joined by hyphens, like password-reset")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        refuse(flow, "its version must be a whole number from 1 on")
    for what in ("states", "transitions"):
        if what in flow.model_fields or not isinstance(getattr(flow, what, None), list | tuple):
            refuse(flow, f"its {what} must be a list that is no field: {what}: ClassVar = [...]")
    found: dict[str, State] = {}
    for state in flow.states:
        if not isinstance(state, _KINDS):
            refuse(flow, f"{state!r} in states is none of Working, Polling, Waiting, Done, Failed")
        if not isinstance(state.name, str) or _WORD.fullmatch(state.name) is None:
            refuse(
                flow,
                f"the state {state.name!r} must be named in lower case with underscores, like awaiting_code",
            )
        if state.name in found:
            refuse(flow, f"the state {state.name!r} is listed twice")
        found[state.name] = state
        _check_lengths(flow, state)
        _check_forgets(flow, state)
    if not found:
        refuse(flow, "it has no states")
    if isinstance(flow.states[0], Done | Failed):
        refuse(flow, f"it starts in {flow.states[0].name!r}, which is an end; the first of states is the start")
    if not any(isinstance(state, Done) for state in found.values()):
        refuse(flow, "it has no good end; add a Done(...) state")
    return found


def _check_lengths(flow: type[Flow], state: State) -> None:
    """A waiting or polling state has a deadline, as a length of time or as the field that holds one."""
    for what in ("every", "up_to"):
        if not isinstance(state, Waiting | Polling) or not hasattr(state, what):
            continue
        value = getattr(state, what)
        if isinstance(value, timedelta):
            if value <= timedelta(0):
                refuse(flow, f"{what} of the state {state.name!r} must be longer than nothing")
        elif not isinstance(value, str):
            refuse(flow, f"the state {state.name!r} needs {what}=, a length of time such as minutes(10)")
        elif value not in flow.model_fields or flow.model_fields[value].annotation is not timedelta:
            refuse(
                flow,
                f"{what} of the state {state.name!r} names {value!r}, which is no field of type Duration",
            )
        elif not flow.model_fields[value].is_required() and flow.model_fields[value].get_default() is None:
            refuse(flow, f"{what} of the state {state.name!r} names {value!r}, which is empty at first; "
                         "give it a default or ask for it at the start")  # fmt: skip


def _check_forgets(flow: type[Flow], state: State) -> None:
    """Only what is filled in on the way can be empty again."""
    if isinstance(state.forgets, str):
        refuse(flow, f"forgets of the state {state.name!r} must be a list of fields, like [{state.forgets!r}]")
    for name in state.forgets:
        if name not in flow.model_fields or not is_later(flow.model_fields[name]):
            refuse(flow, f"the state {state.name!r} forgets {name!r}, which is no field declared with later()")


def arrows(flow: type[Flow], known: Mapping[str, State], make: Callable[..., Arrow]) -> Iterator[Arrow]:
    """The flow's transitions, one for each source."""
    before: list[Arrow] = []
    for row in flow.transitions:
        if isinstance(row, str) or not isinstance(row, Sequence) or not _SHORTEST <= len(row) <= _LONGEST:
            refuse(
                flow,
                f"the transition {row!r} must be [trigger, source, destination] and at most its conditions",
            )
        trigger, sources, dest, *guards = row
        if not isinstance(trigger, str) or _WORD.fullmatch(trigger) is None:
            refuse(flow, f"the trigger {trigger!r} must be named in lower case with underscores, like code_sent")
        if trigger in RESERVED:
            refuse(flow, f"the trigger {trigger!r} is a word that the engine writes itself; take another")
        conditions, unless = ([*map(_several, guards), (), ()])[:2]
        for guard in (*conditions, *unless):
            _check_condition(flow, trigger, guard)
        if not _several(sources):
            refuse(flow, f"the transition {trigger!r} to {dest!r} leads out of no state")
        for source in _several(sources):
            for state in (source, dest):
                if not isinstance(state, str) or state not in known:
                    refuse(flow, f"the transition {trigger!r} names the unknown state {state!r}")
            if isinstance(known[source], Done | Failed):
                refuse(flow, f"the transition {trigger!r} leads out of {source!r}, which is an end")
            arrow = make(trigger, source, dest, conditions, unless)
            _check_can_fire(flow, arrow, before)
            before.append(arrow)
            yield arrow


def _several(value: Any) -> tuple[Any, ...]:
    """One or several, as the library ``transitions`` takes them."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)


def _check_can_fire(flow: type[Flow], arrow: Arrow, before: list[Arrow]) -> None:
    """None before it holds whenever it does: the first that holds is taken."""
    path = f"the transition {arrow.trigger!r} from {arrow.source!r} to {arrow.dest!r} can never fire"
    for other in before:
        if (other.trigger, other.source) != (arrow.trigger, arrow.source):
            continue
        if not other.conditions and not other.unless:
            refuse(flow, f"{path}: one without a condition stands before it")
        if {*other.conditions} <= {*arrow.conditions} and {*other.unless} <= {*arrow.unless}:
            refuse(flow, f"{path}: one that holds whenever it does stands before it")
    if contradiction := {*arrow.conditions} & {*arrow.unless}:
        refuse(flow, f"{path}: {min(contradiction)!r} must hold and must not")


def _check_condition(flow: type[Flow], trigger: str, guard: Any) -> None:
    method = getattr(flow, guard, None) if isinstance(guard, str) else None
    if not callable(method) or isinstance(method, Step | Input):
        refuse(flow, f"the condition {guard!r} of {trigger!r} is not a method of the class")
    if inspect.iscoroutinefunction(method):
        refuse(flow, f"the condition {guard!r} of {trigger!r} is async; a condition only looks at the fields")
    static = inspect.getattr_static(flow, guard)
    if not _takes(method, *() if isinstance(static, staticmethod | classmethod) else ("self",)):
        refuse(flow, f"the condition {guard!r} of {trigger!r} must take nothing but self")


def _takes(method: Callable[..., Any], *given: str) -> bool:
    """Whether it can be called with so much, by position, and with nothing else."""
    try:
        inspect.signature(method).bind(*given)
    except TypeError:
        return False
    return True


def names(flow: type[Flow], members: Mapping[str, Step | Input[Any]], taken: frozenset[str]) -> None:
    """Steps and inputs are found by name: each has its own, and hides nothing of ``Flow``."""
    for name, member in members.items():
        kind = "step" if isinstance(member, Step) else "input"
        if member.name != name:
            refuse(flow, f"the {kind} {name!r} is a method named {member.name!r}; give it a method of its own name")
        if name in taken:
            refuse(flow, f"the {kind} {name!r} would hide the method {name!r} of every flow; take another name")


def steps(flow: type[Flow], known: Mapping[str, State], ways: tuple[Arrow, ...], declared: Mapping[str, Step]) -> None:
    """Every working and polling state has a step, and its triggers are the transitions out of the state."""
    for name, state in known.items():
        if isinstance(state, Working | Polling) and name not in declared:
            decorators = "@read" if isinstance(state, Polling) else "@read, @repeatable or @once"
            refuse(
                flow,
                f"the state {name!r} has no step; add an async method {name}(self, api) with {decorators}",
            )
    for name, step in declared.items():
        home = known.get(name)
        if not isinstance(home, Working | Polling):
            refuse(flow, f"the step {name!r} belongs to no working or polling state of that name")
        _check_step(flow, home, step)
        _check_triggers(flow, home, step, ways)


def _check_step(flow: type[Flow], state: State, step: Step) -> None:
    name = state.name
    for method in filter(None, (step.body, step.check)):
        if not inspect.iscoroutinefunction(method):
            refuse(flow, f"{method.__name__!r} of the state {name!r} must be async")
        if not _takes(method, "self", "api"):
            refuse(flow, f"{method.__name__!r} of the state {name!r} must take (self, api)")
    if isinstance(state, Polling):
        if step.effect is not Effect.READ:
            refuse(flow, f"the polling state {name!r} may only read; its step must be a @read")
        if step.then is not None:
            refuse(
                flow,
                f"the step of the polling state {name!r} takes no then=; name its triggers in otherwise=",
            )
    elif step.then is None:
        refuse(flow, f"the step {name!r} needs then=, the trigger of its success")
    _check_meanings(flow, name, step)
    _check_doubt(flow, name, step)
    if step.effect is Effect.REPEATABLE and not (
        isinstance(step.cooldown, timedelta) and step.cooldown >= timedelta(0) and _is_count(step.at_most)
    ):
        refuse(flow, f"the repeatable step {name!r} needs cooldown= (a length of time) and at_most= (from 1 on)")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _check_meanings(flow: type[Flow], name: str, step: Step) -> None:
    for where, meanings in (("refused", step.refusals), ("evidence", step.evidence)):
        for meaning in meanings:
            if meaning not in set(Meaning):
                refuse(flow, f"the step {name!r} names the unknown meaning {meaning!r} in {where}=")
            if meaning in _UNTOLD:
                refuse(flow, f"the step {name!r} names {str(meaning)!r} in {where}=, which no step is told: "
                             "it is the operator's, or proves nothing")  # fmt: skip


def _check_doubt(flow: type[Flow], name: str, step: Step) -> None:
    if step.effect is Effect.ONCE and step.check is None and step.in_doubt is None:
        refuse(flow, f"the once step {name!r} must say what happens in doubt: declare @{name}.landed, "
                      "or in_doubt= with a trigger, or in_doubt=ASK for a person")  # fmt: skip
    if step.effect is Effect.ONCE and step.check is not None and step.in_doubt is not None:
        refuse(flow, f"the once step {name!r} has both @{name}.landed and in_doubt=; one of them decides")
    if step.effect is not Effect.ONCE and step.check is not None:
        refuse(flow, f"the step {name!r} is not @once, so @{name}.landed would never be asked")
    if not isinstance(step.in_doubt, str | Ask | None):
        refuse(flow, f"in_doubt= of the step {name!r} must be a trigger or ASK")
    if step.evidence and step.check is None:
        refuse(flow, f"evidence= of the step {name!r} is never looked at without @{name}.landed")
    if step.check is not None and getattr(flow, step.check.__name__, step.check) is not step.check:
        refuse(flow, f"another {step.check.__name__!r} hides the check of the step {name!r}; "
                     "declare the step and its check again")  # fmt: skip
    if step.probes is not None and step.probes not in flow.model_fields:
        refuse(flow, f"the check of the step {name!r} probes {step.probes!r}, which is no field: "
                     "name the one that holds the login name")  # fmt: skip


def _check_triggers(flow: type[Flow], state: State, step: Step, ways: tuple[Arrow, ...]) -> None:
    name = state.name
    out = [arrow for arrow in ways if arrow.source == name]
    leading = {arrow.trigger for arrow in out}
    for trigger in step.triggers:
        if trigger not in leading:
            refuse(flow, f"the step {name!r} fires {trigger!r}, which is not a transition out of its state")
        _check_covered(flow, name, trigger, out)
    if isinstance(state, Polling):
        return  # inputs() says what else may lead out of it
    for trigger in leading.difference(step.triggers):
        refuse(flow, f"the transition {trigger!r} out of {name!r} can never fire: its step does not name it")


def _check_covered(flow: type[Flow], source: str, trigger: str, out: list[Arrow]) -> None:
    """What happened by itself must lead somewhere whatever the conditions say."""
    if all(arrow.conditions or arrow.unless for arrow in out if arrow.trigger == trigger):
        refuse(flow, f"the trigger {trigger!r} out of {source!r} leads nowhere when its conditions do not hold; "
                      "add a last transition without one")  # fmt: skip


def inputs(
    flow: type[Flow],
    known: Mapping[str, State],
    ways: tuple[Arrow, ...],
    declared: Mapping[str, Step],
    handlers: Mapping[str, Input[Any]],
    taken: frozenset[str],
) -> dict[str, dict[str, Input[Any] | None]]:
    """The inputs of every waiting and polling state, and their deadlines."""
    accepted: dict[str, dict[str, Input[Any] | None]] = {}
    for name, state in known.items():
        if not isinstance(state, Waiting | Polling):
            continue
        out = [arrow for arrow in ways if arrow.source == name]
        triggers = {arrow.trigger: handlers.get(arrow.trigger) for arrow in out}
        if state.then not in triggers:
            refuse(
                flow,
                f"the deadline of the state {name!r} fires {state.then!r}, which is not a transition out of it",
            )
        _check_covered(flow, name, state.then, out)
        own = set(declared[name].triggers) if isinstance(state, Polling) else set()
        accepted[name] = {t: handler for t, handler in triggers.items() if t != state.then and t not in own}
        for trigger, handler in accepted[name].items():
            if isinstance(state, Polling) and handler is None:
                refuse(flow, f"the transition {trigger!r} out of {name!r} can never fire: "
                              "neither its step nor an @on_input names it")  # fmt: skip
            if handler is None and inspect.isfunction(getattr(flow, trigger, None)) and trigger not in taken:
                refuse(flow, f"the method {trigger!r} is named like an input of {name!r}; decorate it with @on_input")
    used = {trigger for state in accepted.values() for trigger in state}
    for name, handler in handlers.items():
        if name not in used:
            refuse(
                flow,
                f"the input {name!r} is accepted by no state: add a transition {name!r} out of a waiting state",
            )
        _check_handler(flow, handler)
    return accepted


def _check_handler(flow: type[Flow], handler: Input[Any]) -> None:
    name = handler.name
    if inspect.iscoroutinefunction(handler.handler):
        refuse(flow, f"the input {name!r} must not be async; it only keeps what was handed in")
    if not inspect.signature(handler.handler).parameters:
        refuse(flow, f"the input {name!r} must take self")
    for parameter in handler.parameters.values():
        by_name = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if not by_name or parameter.name.startswith("_"):
            refuse(flow, f"the input {name!r} must take {parameter.name!r} by a name without an underscore before it")
        if parameter.annotation is parameter.empty:
            refuse(flow, f"the input {name!r} must say the type of {parameter.name!r}")


def exits(flow: type[Flow], known: Mapping[str, State], ways: tuple[Arrow, ...]) -> None:
    """Every state but the ends has a way out."""
    for name, state in known.items():
        if not isinstance(state, Done | Failed) and not any(arrow.source == name for arrow in ways):
            refuse(flow, f"nothing leads out of the state {name!r}, and it is not an end")


def reachable(flow: type[Flow], known: Mapping[str, State], ways: tuple[Arrow, ...]) -> None:
    """Every state can be reached, and an end can be reached from it."""
    start = next(iter(known))
    found = _closure({start}, {(arrow.source, arrow.dest) for arrow in ways})
    for name in known:
        if name not in found:
            refuse(flow, f"nothing leads to the state {name!r}")
    ends = {name for name, state in known.items() if isinstance(state, Done | Failed)}
    ending = _closure(ends, {(arrow.dest, arrow.source) for arrow in ways})
    for name in known:
        if name not in ending:
            refuse(flow, f"no end can be reached from the state {name!r}")


def _closure(start: set[str], edges: set[tuple[str, str]]) -> set[str]:
    found, fresh = set(start), set(start)
    while fresh:
        fresh = {dest for source, dest in edges if source in fresh} - found
        found |= fresh
    return found
