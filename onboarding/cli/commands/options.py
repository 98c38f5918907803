"""Options that several commands have."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, overload

import typer

from onboarding.errors import InvalidData

__all__ = ["AS_JSON", "ID", "REASON", "TIMEOUT", "duration_of", "seconds_of"]

AS_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")]
ID = Annotated[str, typer.Argument(metavar="ID", help="The journey's id.")]
REASON = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the journey's history keeps it.")]
TIMEOUT = Annotated[
    str | None,
    typer.Option("--timeout", metavar="DURATION", help="How long to stay at most: 90s, 15m. The journey goes on."),
]


@overload
def duration_of(text: str, option: str) -> timedelta: ...
@overload
def duration_of(text: str | None, option: str) -> timedelta | None: ...
def duration_of(text: str | None, option: str) -> timedelta | None:
    """A length of time such as ``90s``; raises ``InvalidData``."""
    if text is None:
        return None
    from pydantic import TypeAdapter, ValidationError

    from onboarding.machine import Duration
    from onboarding.machine.wording import A_LENGTH_OF_TIME

    try:
        found: timedelta = TypeAdapter(Duration).validate_python(text)
    except ValidationError:
        found = timedelta(-1)
    if found < timedelta():
        raise InvalidData(f"{option} {A_LENGTH_OF_TIME}")
    return found


def seconds_of(text: str | None, option: str = "--timeout") -> float | None:
    """The same in seconds."""
    found = duration_of(text, option)
    return None if found is None else found.total_seconds()
