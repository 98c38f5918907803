"""What people and services hand in: inputs, and the three decisions cancel, retry and resolve."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from onboarding.engine.asked import check_finite, invalid, read_back, unusable
from onboarding.engine.journey import JourneyInHand
from onboarding.engine.outcome import Parked, ParkKind
from onboarding.engine.sealer import Sealer
from onboarding.errors import InputRefused, InvalidData, JournalDamaged, JourneyError, KeyMismatch, NotPossible
from onboarding.journal import Head, Message, MessageKind, Phase, Status, Verdict
from onboarding.journal.records import APPLIED
from onboarding.machine import Definition, Waiting, Working
from onboarding.machine.loading import RAISED_BY_FLOWS
from onboarding.machine.quoting import quoted

__all__ = [
    "APPLIED",
    "Resolution",
    "apply_message",
    "check_input",
    "check_open",
    "ended",
    "raise_verdict",
    "refusal",
    "wants",
]

_REFUSED = "refused: "


class Resolution(BaseModel):
    """What a person found out about a request that was in doubt."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    landed: bool
    reason: str
    by: str = ""


def check_input(
    definition: Definition, name: str, values: dict[str, Any], context: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The input's values in a form that can be kept as JSON.

    Args:
        definition: the flow's.
        name: the input's.
        values: what was handed in.
        context: what their check may go by, such as the hosts that are allowed; None: what was checked before.

    Raises:
        InputRefused: no state of the flow accepts an input of that name.
        InvalidData: the values do not fit.
    """
    known = {input_ for state in definition.inputs.values() for input_ in state}
    if not isinstance(name, str) or name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise InputRefused(f"{definition.name} has no input {quoted(name)}; it has: {names}")
    handler = next((state[name] for state in definition.inputs.values() if state.get(name)), None)
    if handler is None:
        if values:
            raise InvalidData(f"the input {name!r} takes no values")
        return {}
    what = f"the input {name!r} was not accepted"
    error: InvalidData
    try:
        check_finite(values, handler.model)
        kept = read_back(handler.keep(handler.parse(values, context)))
    except ValidationError as bad:
        error = invalid(bad, what, handler.model)
    except Exception as bad:  # noqa: BLE001 - a check of the flow's own, a value that no JSON can hold
        error = unusable(bad, what)
    else:
        return kept
    raise error


def check_open(head: Head) -> None:
    """Refuse an input where no state would take one. Raises ``InputRefused``."""
    if head.status.is_final:
        raise InputRefused(ended(head))
    if head.status is Status.PARKED:
        raise InputRefused(f"the journey is parked in {head.state!r}, so it takes no input; see onboarding show")


def wants(hand: JourneyInHand, message: Message) -> bool:
    """Whether a message is to be looked at in the present state, or kept until the journey rests."""
    if message.kind is not MessageKind.INPUT:
        return True
    if hand.head.status.is_final:
        return True
    if hand.head.status is Status.PARKED:
        return False
    return not isinstance(hand.definition.states[hand.head.state], Working)


def refusal(why: str, retry_at: datetime | None = None) -> str:
    """The verdict on a message that is not applied."""
    return _REFUSED + json.dumps({"why": why, "retry_at": retry_at.isoformat() if retry_at else None})


def raise_verdict(kind: MessageKind, verdict: str) -> None:
    """Raise what a refused message's sender is to see; nothing where it was applied."""
    if not verdict.startswith(_REFUSED):
        return
    said = json.loads(verdict.removeprefix(_REFUSED))
    retry_at = datetime.fromisoformat(said["retry_at"]) if said["retry_at"] else None
    raise (InputRefused(said["why"], retry_at=retry_at) if kind is MessageKind.INPUT else NotPossible(said["why"]))


def ended(head: Head) -> str:
    """That a journey has ended, and where: one that was cancelled in a state has not ended as that state says."""
    how = "was cancelled" if head.status is Status.CANCELLED else "has ended"
    return f"the journey {how} in {head.state!r}"


def apply_message(hand: JourneyInHand, message: Message, sealer: Sealer) -> None:
    """Apply a message to the journey, or record why not."""
    try:
        values = sealer.unseal_payload(hand.head.id, message.id, message.payload)
        match message.kind:
            case MessageKind.INPUT:
                _apply_input(hand, message, values)
            case MessageKind.CANCEL:
                _cancel(hand, message, values)
            case MessageKind.RETRY:
                _retry(hand, message)
            case MessageKind.RESOLVE:
                _resolve(hand, message, Resolution.model_validate(values))
    except ValidationError as error:
        _refuse(hand, message, str(invalid(error, f"{message.kind.value} was not accepted")), None)
    except (JourneyError, KeyMismatch, JournalDamaged) as error:
        _refuse(hand, message, str(error), getattr(error, "retry_at", None))


def _refuse(hand: JourneyInHand, message: Message, why: str, retry_at: datetime | None) -> None:
    verdicts = (Verdict(message.id, refusal(why, retry_at)),)
    hand.note("input_refused", f"{message.name}: {why}", verdicts)


def _apply_input(hand: JourneyInHand, message: Message, values: dict[str, Any]) -> None:
    head, definition = hand.head, hand.definition
    accepted = definition.inputs.get(head.state, {})
    if head.status.is_final:
        raise InputRefused(ended(head))
    if message.name not in accepted:
        names = ", ".join(accepted) or "none"
        raise InputRefused(f"{message.name!r} is not accepted in the state {head.state!r}; accepted are: {names}")
    if hand.deadline is not None and message.at > hand.deadline:
        raise InputRefused(f"the deadline of {head.state!r} had passed")
    before, fired = hand.snapshot(), dict(hand.book.fired)
    refused: JourneyError | None = None
    try:
        dest = _take_in(hand, message.name, values)
    except RAISED_BY_FLOWS as error:  # a handler and a condition are the flow's own code
        hand.restore(before)
        hand.book.fired.clear()
        hand.book.fired.update(fired)
        refused = _why_refused(error, message.name)
    if refused is not None:
        raise refused
    hand.book.heard = True
    hand.enter(message.name, dest, verdicts=(Verdict(message.id, APPLIED),))


def _take_in(hand: JourneyInHand, name: str, values: dict[str, Any]) -> str:
    """Let the flow keep what was handed in; where it leads."""
    hand.book.fired[name] = hand.book.fired.get(name, 0) + 1
    handler = hand.definition.inputs[hand.head.state][name]
    if handler is not None:
        handler.handler(hand.flow, **dict(handler.parse(values)))
    dest = hand.definition.decide(hand.flow, hand.head.state, name)
    if dest is None:
        raise InputRefused(f"{name!r} is not possible now: its conditions do not hold")
    _check_sendable(hand, name, dest)
    return dest


def _why_refused(error: BaseException, name: str) -> JourneyError:
    what = f"the input {name!r} was not accepted"
    match error:
        case JourneyError():
            return error
        case ValidationError():
            return invalid(error, what)  # of an input's values, or of a field that its handler sets
        case _:
            return InputRefused(f"{what}: the flow failed with {type(error).__name__}")


def _check_sendable(hand: JourneyInHand, name: str, dest: str) -> None:
    """An input that would send another message is refused while it may not be sent."""
    if not isinstance(hand.definition.states[dest], Working) or hand.definition.steps[dest].at_most is None:
        return
    if hand.is_exhausted(dest):
        most = hand.definition.steps[dest].at_most
        raise InputRefused(
            f"{name!r} is not possible any more: {dest!r} was done {most} times, which is all there may be"
        )
    at = hand.cools_until(dest)
    if at is not None:
        wait = max(1, round((at - hand.now).total_seconds()))
        raise InputRefused(f"{name!r} is possible in {wait} s", retry_at=at)


def _cancel(hand: JourneyInHand, message: Message, values: dict[str, Any]) -> None:
    if hand.head.status is Status.CANCELLED:
        raise NotPossible(f"it was cancelled already, in {hand.head.state!r}")
    if hand.head.status.is_final:
        raise NotPossible(ended(hand.head))
    reason = str(values.get("reason") or "cancelled")
    hand.cancel(hand.redact(reason), (Verdict(message.id, APPLIED),))


def _retry(hand: JourneyInHand, message: Message) -> None:
    head = hand.head
    if head.status.is_final:
        raise NotPossible(ended(head))
    if head.status is Status.PARKED:
        parked = Parked.from_json(head.note or "")
        if parked.kind is ParkKind.IN_DOUBT and head.phase is not Phase.DOUBT:
            raise NotPossible(
                "its last request may have taken effect: find out, then resolve it with landed or not landed"
            )
        if parked.kind is ParkKind.EXHAUSTED:
            hand.book.sends.pop(head.state, None)
            hand.book.doubts = 0
    elif isinstance(hand.definition.states[head.state], Waiting) or head.phase is not Phase.READY:
        raise NotPossible(f"there is nothing to try again in the state {head.state!r}")
    hand.book.failures = 0
    hand.book.probed, hand.book.heard = False, True
    hand.again("retried", verdicts=(Verdict(message.id, APPLIED),))


def _resolve(hand: JourneyInHand, message: Message, found: Resolution) -> None:
    head = hand.head
    parked = Parked.from_json(head.note or "") if head.status is Status.PARKED else None
    if parked is None or (parked.kind is not ParkKind.IN_DOUBT and head.phase is not Phase.DOUBT):
        raise NotPossible("it is not parked in doubt, so there is nothing to resolve")
    who = f" by {found.by}" if found.by else ""
    detail = hand.redact(f"{'landed' if found.landed else 'not landed'}{who}: {found.reason}")
    verdicts = (Verdict(message.id, APPLIED),)
    then = hand.step().then
    hand.book.heard = True
    if not found.landed:
        hand.book.doubts = 0
        hand.again("resolved", detail, verdicts, phase=Phase.READY)
    elif then is None or (dest := hand.fire(then)) is None:
        raise NotPossible(f"the state {head.state!r} has no transition for what landed")
    else:
        hand.enter(then, dest, detail=f"resolved as {detail}", verdicts=verdicts)
