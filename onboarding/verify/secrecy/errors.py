"""What an exception tells: its words, all that it carries, and the values in the frames that it passed."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

__all__ = ["told"]

_OURS = str(Path(__file__).parents[1])
"""The verifier's own frames hold every secret, because it makes them."""


def told(error: BaseException) -> str:
    """All that a tool could print, store or send of an error."""
    return "\n".join(_told(error))


def _told(error: BaseException) -> Iterator[str]:
    for each in _linked(error, set()):
        yield f"{each} {each!r} {each.args!r} {vars(each)!r} {getattr(each, '__notes__', [])!r}"
        trace = traceback.TracebackException(type(each), each, each.__traceback__, capture_locals=True)
        for frame in trace.stack:
            if not frame.filename.startswith(_OURS):
                yield "".join(traceback.StackSummary.from_list([frame]).format())
        try:
            yield repr(pickle.dumps(each))
        except Exception as other:  # noqa: BLE001 - that it cannot be pickled tells nothing
            yield type(other).__name__


def _linked(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """The error, its causes and contexts, and the members of groups, each once."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for other in (error.__cause__, error.__context__, *members):
        yield from _linked(other, seen)
