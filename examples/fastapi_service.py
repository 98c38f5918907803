"""A service that resets passwords: FastAPI in front, journeys behind.

In the project's folder: ``python -m uvicorn examples.fastapi_service:app`` (uvicorn comes with the extra ``sandbox``).
The settings come from the environment (``ONBOARDING_BASE_URL``, ``ONBOARDING_TENANT_ID``, ``ONBOARDING_API_TOKEN``).
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, SecretStr

from flows import PasswordReset
from onboarding import InputRefused, InvalidData, Journey, NotPossible, Onboarding, UnknownJourney


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One ``Onboarding`` for the life of the process; its worker advances what is due."""
    async with Onboarding() as onboarding:
        app.state.onboarding = onboarding
        yield


app = FastAPI(title="Password resets", lifespan=lifespan)


class NewReset(BaseModel):
    phone: str
    new_password: SecretStr


class Code(BaseModel):
    code: SecretStr


class Reset(BaseModel):
    """What a client may know: nothing of the journey's data."""

    id: str
    status: str
    state: str
    accepts: list[str]
    due: datetime | None
    text: str | None


@app.post("/resets", status_code=202)
async def start(body: NewReset, request: Request, idempotency_key: Annotated[str | None, Header()] = None) -> Reset:
    """Start a reset; the same key again gives the journey of the first time."""
    journey = await journeys(request).start(PasswordReset, key=idempotency_key, **dict(body))
    return shown(journey)


@app.post("/resets/{journey}/code")
async def enter_code(journey: str, body: Code, request: Request) -> Reset:
    """Hand the code in that the user got."""
    await reset_of(request, journey)
    await journeys(request).send(journey, "code_entered", code=body.code)
    return shown(await journeys(request).wait(journey, timeout=5))


@app.post("/resets/{journey}/resend", status_code=202)
async def resend(journey: str, request: Request) -> Reset:
    """Have another code sent; 409 with ``Retry-After`` while the last one is too fresh."""
    await reset_of(request, journey)
    return shown(await journeys(request).send(journey, "resend"))


@app.get("/resets/{journey}")
async def look(journey: str, request: Request) -> Reset:
    """How a reset stands."""
    return shown(await reset_of(request, journey))


@app.exception_handler(UnknownJourney)
async def unknown(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"error": "there is no such reset"}, 404)


@app.exception_handler(InvalidData)
async def invalid(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 422)


@app.exception_handler(RequestValidationError)
async def malformed(_: Request, error: Exception) -> JSONResponse:
    # FastAPI's own answer repeats what was sent, the password too.
    assert isinstance(error, RequestValidationError)
    fields = [".".join(map(str, fault["loc"][1:])) or "the body" for fault in error.errors()]
    return JSONResponse({"error": f"missing or malformed: {', '.join(fields)}"}, 422)


@app.exception_handler(InputRefused)
async def refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InputRefused)
    headers = {}
    if error.retry_at is not None:
        wait = (error.retry_at - datetime.now(UTC)).total_seconds()
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    return JSONResponse({"error": str(error)}, 409, headers)


@app.exception_handler(NotPossible)
async def nobody_there(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 503, {"Retry-After": "10"})


def journeys(request: Request) -> Onboarding:
    onboarding: Onboarding = request.app.state.onboarding
    return onboarding


async def reset_of(request: Request, journey: str) -> Journey:
    """The journey, if it is a password reset: an id of another flow is none of this service's business."""
    found = await journeys(request).get(journey)
    if found.flow != PasswordReset.definition.name:
        raise UnknownJourney("not a password reset")
    return found


def shown(journey: Journey) -> Reset:
    facts: dict[str, Any] = {name: getattr(journey, name) for name in ("id", "status", "state", "due")}
    text = journey.outcome.text if journey.outcome else None
    return Reset(**facts, accepts=list(journey.accepts), text=text)
