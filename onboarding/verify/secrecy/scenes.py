"""What people do and what goes wrong: every way to an error that a secret could take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from onboarding.engine import Journey, ParkKind
from onboarding.journal import Status
from onboarding.log import log
from onboarding.verify.answers.counterpart import Play
from onboarding.verify.answers.plays import cut, http, whole
from onboarding.verify.plan import Plan
from onboarding.verify.rehearsal import answer_of
from onboarding.verify.secrecy.house import House

__all__ = ["play_scenes"]

_WRONG = "W{:011x}9"
_TRIES = 7

Scene = Callable[[House], Awaitable[None]]


async def play_scenes(plan: Plan, house: House, turn: int, turns: int) -> int:
    """Play all of them, in a quick run the good end and this flow's share of the others; how many.

    Args:
        plan: what is wanted.
        house: where.
        turn: the flow's number.
        turns: how many flows there are: together they play every scene.
    """
    name = house.flow.definition.name
    scenes: dict[str, Scene] = {"a-good-end": _good_end}  # always: only then is known what the flow calls
    scenes |= {title: _OTHERS[title] for title in _share(plan, list(_OTHERS), turn, turns)}
    for title, scene in scenes.items():
        if title == "a-good-end" or _is_wanted(plan, name, title):
            await house.enter(title)
            await scene(house)
    for kind in _share(plan, list(_ECHOES), turn, turns):
        for section in plan.sample(f"secrets {name} {kind}", house.sections, 1):
            if _is_wanted(plan, name, f"{kind}-{section}"):
                await house.enter(f"{kind}-{section}")
                house.between.twist(section, _ECHOES[kind])
                await house.play()
    house.leave()
    return house.scenes


def _share(plan: Plan, titles: list[str], turn: int, turns: int) -> list[str]:
    """The share of one flow: each title is in one at least."""
    if plan.full or plan.case is not None:
        return titles
    plan.rng("secrets", "shares").shuffle(titles)
    each = min(len(titles), -(-len(titles) // turns))
    return [titles[(turn * each + number) % len(titles)] for number in range(each)]


def _is_wanted(plan: Plan, flow: str, scene: str) -> bool:
    return plan.case in (None, flow, f"{flow}/{scene}")


# What the service does


def _shouting(request: bytes) -> Play:
    page = b"<html><body>you said: " + request.replace(b"\n", b" ") + b"</body></html>"
    return whole(http(500, page, f"X-Echo: {_header(request)}", f"Retry-After: {_header(request)}"))


def _refusing(request: bytes) -> Play:
    return whole(http(400, request, f"Location: http://127.0.0.1/{_header(request)}"))


def _confusing(request: bytes) -> Play:
    said = _header(request).replace('"', "'").replace("\\", "/")
    return whole(http(200, f'{{"result":false,"mcode":"{said}","data":"{said}"}}'.encode()))


def _twice(request: bytes) -> Play:
    said = _header(request).replace('"', "'").replace("\\", "/")
    return whole(http(200, f'{{"{said}":1,"{said}":2,"result":true,"mcode":"m0000000","data":{{}}}}'.encode()))


def _broken(request: bytes) -> Play:
    return cut(http(200, request[:-1] + b"\xff", length=100_000))


def _garbling(request: bytes) -> Play:
    return cut(b"HTTP/1.1 " + request.replace(b"\n", b" ") + b"\r\n\r\n")


_ECHOES: dict[str, Callable[[bytes], Play]] = {
    "an-error-page-that-echoes": _shouting,
    "a-rejection-that-echoes": _refusing,
    "a-result-code-that-echoes": _confusing,
    "names-that-echo": _twice,
    "a-broken-body-that-echoes": _broken,
    "a-status-that-echoes": _garbling,
}


def _header(request: bytes) -> str:
    return "".join(letter for letter in request.decode("utf-8", "replace") if " " <= letter <= "~")[:2000]


# What people do, and what breaks


async def _good_end(house: House) -> None:
    await house.play()


async def _again_by_key(house: House) -> None:
    """The key of a start is often the phone number itself."""
    key = house.role.to or next(iter(house.role.secrets.values()), "key")
    for _ in range(2):
        await house.onboarding.start(house.flow, key=key, **house.role.fields)
    await house.play()


async def _wrong_starts(house: House) -> None:
    onboarding, fields, secrets = house.onboarding, house.role.fields, house.role.secrets
    # A user's id looks like a journey's: asked for instead of one, it may be repeated.
    anything = next((value for value in secrets.values() if value != fields.get("user_id")), "anything-77")
    for name in fields:
        for wrong in ([fields[name], anything], {anything: fields[name]}, 17, f"\x00{anything}{anything}", None):
            await house.fails(onboarding.start(house.flow, **{**fields, name: wrong}))
    await house.fails(onboarding.start(house.flow, **fields, nickname=anything))
    await house.fails(onboarding.start("no-such-flow", **fields))
    await house.fails(onboarding.run("no-such-flow", **fields))
    await house.fails(onboarding.get(anything))
    await house.fails(onboarding.send(anything, "code_entered", code=anything))


async def _wrong_inputs(house: House) -> None:
    journey = await house.begin()
    wrong = _WRONG.format(len(house.canaries.values) * 7919)
    house.canaries.add("a wrong code", wrong, house.scene)
    given = answer_of(house.flow.definition, journey.state, wrong)
    for name in dict.fromkeys([given[0] if given else "code_entered", *journey.accepts, "code_guessed"]):
        for values in ({"code": [wrong]}, {"code": f"{wrong}!{wrong}"}, {"nickname": wrong}, {"code": wrong}):
            journey = await _try_input(house, journey, name, values)
    for _ in range(_TRIES):
        if given is not None and journey.status is Status.WAITING:
            journey = await _try_input(house, journey, *given)
    await _decisions(house, journey)


async def _try_input(house: House, journey: Journey, name: str, values: dict[str, Any]) -> Journey:
    await house.fails(house.onboarding.send(journey.id, name, **values))
    return await house.rest(await house.onboarding.get(journey.id))


async def _decisions(house: House, journey: Journey) -> None:
    """Everything that a person can ask of a journey, in words that tell everything."""
    onboarding, words = house.onboarding, house.quotation(journey)
    await house.fails(onboarding.resolve(journey.id, landed=True, reason=words, by=words))
    await house.fails(onboarding.resolve(journey.id, landed=False, reason=" "))
    await house.fails(onboarding.retry(journey.id))
    await house.fails(onboarding.cancel(journey.id, words))
    await house.fails(onboarding.cancel(journey.id, words))


async def _cancelled(house: House) -> None:
    journey = await house.begin()
    await house.fails(house.onboarding.cancel(journey.id, house.quotation(journey)))


async def _careless_line(house: House) -> None:
    """Somebody writes a line into the package's own log that nobody has thought over: the net below it holds."""
    role, number = house.role, f"{13_000_000_000 + len(house.canaries.values) * 7919}"
    house.canaries.add("a number", number, house.scene)
    log.warning(
        f"called {number}, asked for {role.to} and got password={role.secrets.get('password', 'none')} for {role.to}"
    )
    try:
        int(" and ".join(role.secrets.values()))
    except ValueError:
        log.exception("it failed")


async def _lost_answers(house: House) -> None:
    house.stage.desk.add_fault("*", "drop_after", rate=0.5, seed=7, times=6)
    await house.play()


async def _lost_requests(house: House) -> None:
    house.stage.desk.add_fault("*", "system_error", rate=0.5, seed=11, times=6)
    await house.play()


async def _tells_before(house: House) -> None:
    await _step_that_tells(house, "before", landed=False)


async def _tells_after(house: House) -> None:
    await _step_that_tells(house, "after", landed=True)


async def _tells_after_and_is_done_again(house: House) -> None:
    await _step_that_tells(house, "after", landed=False)


async def _step_that_tells(house: House, tells: str, *, landed: bool) -> None:
    """A step fails with an error that holds everything; then a person decides, in words that hold everything too."""
    house.api.tells = tells
    journey = await house.rest(await house.begin())
    if journey.status is Status.WAITING and house.role.to is not None:
        house.api.tells = tells
        given = answer_of(house.flow.definition, journey.state, house.stage.desk.latest_code(house.role.to))
        if given is not None:
            journey = await _try_input(house, journey, *given)
    words = house.quotation(journey)
    if journey.parked is not None and journey.parked.kind is ParkKind.IN_DOUBT:
        await house.fails(house.onboarding.resolve(journey.id, landed=landed, reason=words, by=words))
    await house.fails(house.onboarding.retry(journey.id))
    house.api.tells = None
    await _decisions(house, await house.rest(journey))


_OTHERS: dict[str, Scene] = {
    "started-twice-with-one-key": _again_by_key,
    "wrong-starts": _wrong_starts,
    "wrong-inputs": _wrong_inputs,
    "cancelled": _cancelled,
    "a-careless-line": _careless_line,
    "lost-answers": _lost_answers,
    "system-errors": _lost_requests,
    "a-step-that-tells-before-it-sends": _tells_before,
    "a-step-that-tells-after-it-sent": _tells_after,
    "a-step-that-tells-and-is-done-again": _tells_after_and_is_done_again,
}
