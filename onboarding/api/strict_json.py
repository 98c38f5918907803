"""JSON read strictly and within bounds: what RFC 8259 leaves open is refused, not guessed."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "MAX_DIGITS", "NotStrict", "load"]

MAX_DEPTH = 64
MAX_DIGITS = 64


class NotStrict(ValueError):
    """It is not strict JSON. The text says why, and holds nothing of the document."""


def load(body: bytes) -> Any:
    """The value of a JSON document.

    Raises:
        NotStrict: not UTF-8, not JSON, a byte order mark, a name twice in one object, NaN or an infinity, a
            number of more than 64 digits, a lone surrogate, or nested deeper than 64.
    """
    problem = None
    value: Any = None
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
        )
        if "\\u" in text:
            # An escape can name half of a character, which no later step could write again.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except NotStrict as error:
        problem = str(error)
    except RecursionError:
        problem = "nested too deeply"
    except ValueError:
        problem = "not JSON in UTF-8"
    if problem is None and _too_deep(value):
        problem = "nested too deeply"
    if problem is not None:
        # Raised out here, because a decoding error holds the document.
        raise NotStrict(problem)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotStrict("a name stands twice in one object")
    return value


def _constant(_name: str) -> NoReturn:
    raise NotStrict("not a number that JSON has")


def _float(digits: str) -> float:
    number = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    if not math.isfinite(number):
        raise NotStrict("a number out of bounds")
    return number


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotStrict("a number out of bounds")
    return int(digits)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
