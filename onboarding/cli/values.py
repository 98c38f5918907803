"""Collecting values: from options, from a JSON object, and, for secrets, from whoever is at the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from onboarding.cli.fields import Asked, Manner
from onboarding.errors import InvalidData

__all__ = ["STDIN", "collect", "refuse_secret"]

STDIN = "-"
"""Instead of a file's name: standard input."""
_LONGEST = 1_000_000
"""Characters that are read of a file or of standard input."""
_TWICE = "holds a name twice in one object: which of the two is meant?"


def refuse_secret(option: str) -> InvalidData:
    """The refusal of a secret among the arguments."""
    return InvalidData(
        f"{option} is a secret and is not taken as an argument, where everybody on this machine can read it: leave "
        "it out to be asked for it, or hand it in as JSON with --secrets-from FILE (- for standard input)"
    )


def collect(
    what: str, asked: Iterable[Asked], given: Mapping[str, Any], secrets_from: str | None, *, interactive: bool,
    before_asking: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:  # fmt: skip
    """The values by name, ready for ``start`` or ``send``.

    Args:
        what: what they are for, for messages: a flow's or an input's name.
        asked: what there is to be given.
        given: the options; None where one was left out.
        secrets_from: the file of a JSON object with more of them, or ``-``.
        interactive: whether somebody is there to be asked for secrets.
        before_asking: called with what was given, before somebody is asked for the rest: raises what can be said now.

    Raises:
        InvalidData: something is missing, unknown or unreadable; no message shows a value.
    """
    fields = {each.name: each for each in asked}
    values = {} if secrets_from is None else _object(what, secrets_from, fields)
    stdin_taken = secrets_from == STDIN
    for name, value in given.items():
        if value is None:
            continue
        if fields[name].manner is Manner.JSON:
            value, stdin_taken = _json(fields[name], value, stdin_taken=stdin_taken)  # noqa: PLW2901
        values[name] = value
    missing = [each for each in fields.values() if each.required and each.name not in values]
    secret = [each for each in missing if each.manner is Manner.SECRET]
    plain = [each for each in missing if each.manner is not Manner.SECRET]
    if plain:
        raise InvalidData(f"{what} needs {_listed(each.option for each in plain)}")
    if secret and not interactive:
        raise InvalidData(
            f"{what} needs {_listed(each.name for each in secret)}, and there is no terminal to ask at: "
            "hand in a JSON object with --secrets-from FILE (- for standard input)"
        )
    empty = [each for each in fields.values() if each.required and values.get(each.name) == ""]
    if empty:
        raise InvalidData(f"{_listed(each.option for each in empty)} must not be empty")
    if secret:
        from onboarding.cli.terminal import ask_now

        before_asking(dict(values))
        values |= {each.name: ask_now(each.words, twice=each.twice) for each in secret}
    return values


def _object(what: str, source: str, fields: Mapping[str, Asked]) -> dict[str, Any]:
    """The JSON object that ``--secrets-from`` names."""
    found = _parsed(_text(source, "--secrets-from"), "--secrets-from")
    if not isinstance(found, dict):
        raise InvalidData('--secrets-from must hold a JSON object, like {"new_password": "…"}')
    values = {name.replace("-", "_"): value for name, value in found.items()}
    if len(values) < len(found):
        raise InvalidData(f"--secrets-from {_TWICE}")
    unknown = len(values.keys() - fields.keys())
    if unknown:
        # Their names are not repeated: whoever mixes up names and values has put a secret there.
        raise InvalidData(
            f"--secrets-from holds {unknown} name{'s' if unknown > 1 else ''} that {what} does not have; "
            f"it has: {', '.join(fields) or 'none'}"
        )
    return values


def _json(field: Asked, text: str, *, stdin_taken: bool) -> tuple[Any, bool]:
    """A JSON value given in place, as ``@FILE``, or as ``@-``; and whether standard input is used up."""
    if not text.startswith("@"):
        return _parsed(text, field.option), stdin_taken
    source = text[1:]
    if source == STDIN and stdin_taken:
        raise InvalidData(f"{field.option} cannot read standard input too: it is read once")
    return _parsed(_text(source, field.option), field.option), stdin_taken or source == STDIN


def _text(source: str, option: str) -> str:
    fault = None
    try:
        if source == STDIN:
            text = sys.stdin.read(_LONGEST + 1)
        else:
            with Path(source).open(encoding="utf-8") as file:
                text = file.read(_LONGEST + 1)
        if len(text) <= _LONGEST:
            return text
        fault = "it is longer than a million characters"
    except UnicodeDecodeError:
        fault = "it is not text"
    except (OSError, ValueError) as error:
        fault = getattr(error, "strerror", None) or type(error).__name__
    raise InvalidData(f"the file of {option} cannot be read: {fault}")


def _parsed(text: str, option: str) -> Any:
    fault = "does not hold JSON"
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_json)
    except _Twice:
        fault = _TWICE
    except (ValueError, RecursionError):
        pass
    # Raised out here: the decoder's error holds the whole text.
    raise InvalidData(f"{option} {fault}")


def _no_json(_: str) -> NoReturn:
    """``NaN`` and ``Infinity``, which Python reads."""
    raise ValueError


class _Twice(ValueError):
    """A name stands twice in a JSON object: parsers differ in which of the two they take."""


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. Raises ``_Twice``."""
    listed = list(pairs)
    found = dict(listed)
    if len(found) < len(listed):
        raise _Twice
    return found


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
