"""The desk, ``/sandbox/``: everything that people and back offices do around the broker, without credentials.

======================================== =====================================================================
``GET /sandbox/``                        this list
``GET /sandbox/mailbox``                 messages, newest last; ``?to=`` one recipient's
``GET /sandbox/mailbox/latest?to=``      the newest message, or 404; ``&after=`` only if its ``n`` is higher
``DELETE /sandbox/mailbox``              empty the mailbox
``GET/POST /sandbox/users``              list users; create one
``GET /sandbox/users/{id}``              one user, with the account info
``POST /sandbox/users/{id}/unlock``      lift a lock
``POST /sandbox/users/{id}/check-password`` whether a password is the user's
``GET/POST /sandbox/tasks``              list review tasks; create one
``POST /sandbox/tasks/{id}/move``        move a task by hand
``GET/POST/DELETE /sandbox/courses``     courses on which tasks move by themselves
``GET/POST/DELETE /sandbox/faults``      what shall go wrong (see :mod:`onboarding.sandbox.faults`)
``DELETE /sandbox/faults/{id}``          end one fault
``GET /sandbox/clock``                   the sandbox's time: ``{now, offset}``
``POST /sandbox/clock/advance``          ``{seconds}``: move it ahead
``GET /sandbox/ledger``                  every effect, in order; ``?since=&subject=&effect=``
``GET /sandbox/requests``                every request of the API, in order; ``?since=&endpoint=``
``POST /sandbox/reset``                  forget everything
======================================== =====================================================================

Answers are JSON; what cannot be done is answered 400, 404 or 409 with ``{"error": reason}``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from onboarding.sandbox import desk_faults, desk_review, desk_users
from onboarding.sandbox.clock import stamp
from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.desk_request import DeskBody, DeskError, DeskRoute, read

__all__ = ["desk_routes"]


class _Advance(DeskBody):
    seconds: float = Field(ge=0, le=1e9)


async def _index(sandbox: Sandbox, request: Request) -> dict[str, Any]:  # noqa: ARG001
    return {
        "sandbox": "a stand-in for the broker",
        "routes": {f"{r.method} {r.path}": r.does for r in _ROUTES},
    }


async def _mailbox(sandbox: Sandbox, request: Request) -> list[dict[str, Any]]:
    return [asdict(message) for message in sandbox.mailbox.messages(request.query_params.get("to"))]


async def _latest(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    to = request.query_params.get("to")
    if to is None:
        raise DeskError(400, "to is missing")
    message = sandbox.mailbox.latest(to)
    if message is None or message.n <= _number(request, "after"):
        raise DeskError(404, "there is no such message")
    return asdict(message)


async def _empty_mailbox(sandbox: Sandbox, request: Request) -> None:  # noqa: ARG001
    sandbox.mailbox.clear()


async def _clock(sandbox: Sandbox, request: Request) -> dict[str, Any]:  # noqa: ARG001
    return {"now": stamp(sandbox.clock.now()), "offset": sandbox.clock.offset}


async def _advance(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    sandbox.advance_clock((await read(request, _Advance)).seconds)
    return await _clock(sandbox, request)


async def _ledger(sandbox: Sandbox, request: Request) -> list[dict[str, Any]]:
    asked = request.query_params
    entries = sandbox.ledger.entries(
        since=_number(request, "since"), subject=asked.get("subject"), effect=asked.get("effect")
    )
    return [asdict(entry) for entry in entries]


async def _requests(sandbox: Sandbox, request: Request) -> list[dict[str, Any]]:
    asked = request.query_params
    entries = sandbox.requests.entries(since=_number(request, "since"), endpoint=asked.get("endpoint"))
    return [asdict(entry) for entry in entries]


async def _reset(sandbox: Sandbox, request: Request) -> None:  # noqa: ARG001
    sandbox.reset()


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004  # far beyond any number given
        raise DeskError(400, f"{name} must be a whole number")
    return int(text)


_ROUTES: tuple[DeskRoute, ...] = (
    DeskRoute("GET", "/sandbox/", "this list", _index),
    DeskRoute("GET", "/sandbox/mailbox", "messages, newest last; ?to= one recipient's", _mailbox),
    DeskRoute("GET", "/sandbox/mailbox/latest", "?to=: the newest message, or 404; &after=n: only if newer", _latest),
    DeskRoute("DELETE", "/sandbox/mailbox", "empty the mailbox", _empty_mailbox),
    *desk_users.ROUTES,
    *desk_review.ROUTES,
    *desk_faults.ROUTES,
    DeskRoute("GET", "/sandbox/clock", "the sandbox's time, and how many seconds it is ahead", _clock),
    DeskRoute("POST", "/sandbox/clock/advance", "{seconds}: move the sandbox's time ahead", _advance),
    DeskRoute("GET", "/sandbox/ledger", "every effect, in order; ?since=n&subject=&effect=", _ledger),
    DeskRoute("GET", "/sandbox/requests", "every request of the API, in order; ?since=n&endpoint=", _requests),
    DeskRoute("POST", "/sandbox/reset", "forget everything", _reset),
)


def desk_routes(sandbox: Sandbox) -> list[Route]:
    """The desk's addresses for one sandbox."""
    return [Route(route.path, _endpoint(sandbox, route), methods=[route.method]) for route in _ROUTES]


def _endpoint(sandbox: Sandbox, route: DeskRoute) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        sandbox.settle()
        try:
            return JSONResponse(await route.handle(sandbox, request))
        except DeskError as error:
            return JSONResponse({"error": error.reason}, status_code=error.status)

    return answer
