"""What is handed in at the desk, read strictly; what is handed out, as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.mcodes import Refusal
from onboarding.sandbox.users import User

__all__ = ["DeskBody", "DeskError", "DeskRoute", "Text", "read", "user_at"]

Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True)]


class DeskBody(BaseModel):
    """A body at the desk: camel case as in the contract, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class DeskError(Exception):
    """Inside the sandbox only: what was asked at the desk cannot be done. It becomes ``{"error": …}``."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class DeskRoute:
    """One address of the desk.

    Attributes:
        method: the HTTP verb.
        path: the address, in Starlette's notation.
        does: one line for the index.
        handle: takes the sandbox and the request; gives what is answered, as JSON.
    """

    method: str
    path: str
    does: str
    handle: Callable[[Sandbox, Request], Awaitable[Any]] = field(repr=False)


_Body = TypeVar("_Body", bound=BaseModel)


async def read(request: Request, model: type[_Body]) -> _Body:
    """The body as a ``model``.

    Raises:
        DeskError: 400; the reason names the fields that do not fit, never their values.
    """
    body = await request.body()
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
    reasons = (f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults)
    raise DeskError(400, "; ".join(reasons))


def user_at(sandbox: Sandbox, user_id: str) -> User:
    """The user of this id.

    Raises:
        DeskError: 404.
    """
    try:
        return sandbox.users.with_id(user_id)
    except Refusal:
        pass
    raise DeskError(404, "there is no such user")
