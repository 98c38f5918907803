"""What an error may say: one sentence, and nothing that was handed in."""

from __future__ import annotations

import unicodedata

__all__ = ["faults_of", "hidden_in"]

_LONGEST = 2000
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def faults_of(message: str, canary: str) -> list[str]:
    """What is wrong with the message of an error; empty: nothing."""
    found = []
    if not message.strip():
        found.append("it says nothing")
    if "Traceback" in message:
        found.append("it shows a traceback")
    if any(unicodedata.category(each) in _UNPRINTABLE for each in message):
        found.append("it is not one printable sentence")
    if len(message) > _LONGEST:
        found.append(f"it is {len(message)} characters long")
    if canary in message:
        found.append("it repeats what was handed in")
    return found


def hidden_in(error: BaseException, canary: str) -> list[str]:
    """What is wrong with what hangs on an error: its repr, and the errors below it, which a log would show."""
    found = ["its repr repeats what was handed in"] if canary in repr(error) else []
    below, seen = error.__cause__ or (None if error.__suppress_context__ else error.__context__), 0
    while below is not None and seen < 10:  # noqa: PLR2004
        try:
            said = f"{below} {below!r}"
        except Exception:  # noqa: BLE001 - it was made to be spiteful
            said = canary
        if canary in said:
            found.append(f"a {type(below).__name__} hangs on it that repeats what was handed in")
            break
        below, seen = below.__cause__ or below.__context__, seen + 1
    return found
