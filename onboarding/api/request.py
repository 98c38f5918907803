"""A call written out, ready to be sent: the values where the contract wants them, and out of sight."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import SecretBytes, SecretStr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onboarding.api.endpoints import Endpoint

__all__ = ["FilledRequest", "Text", "fill"]

Text = str | SecretStr

_PARAMETER = re.compile(r"\{(\w+)\}")


class FilledRequest:
    """A call with its values. Its ``repr`` shows the endpoint only.

    Attributes:
        endpoint: what is called.
        target: path and query, percent-encoded; they may hold a phone or a code.
        content: the body, or None.
        problem: why it cannot be sent at all, or None.
    """

    __slots__ = ("content", "endpoint", "problem", "target")

    def __init__(self, endpoint: Endpoint, target: SecretStr, content: SecretBytes | None, problem: str | None) -> None:
        self.endpoint = endpoint
        self.target = target
        self.content = content
        self.problem = problem

    def __repr__(self) -> str:
        """The endpoint only."""
        return f"<FilledRequest {self.endpoint.name}>"


def fill(endpoint: Endpoint, whole: Mapping[str, Any] | None = None, /, **values: Text | int | None) -> FilledRequest:
    """Write a call of ``endpoint`` out.

    It never raises, because its frame holds secrets: what is wrong is said by ``problem``, and raised
    elsewhere.

    Args:
        endpoint: what is called.
        whole: the body, where the contract takes an object as it is (contract 2.12).
        values: every other value under its name in the contract; None leaves an optional one out.
    """
    try:
        path = _PARAMETER.sub(lambda found: _segment(values[found[1]]), endpoint.path)
        query = "&".join(f"{name}={quote(_text(values[name]), safe='')}" for name in endpoint.query)
        content = _content(endpoint, whole, values)
    except _Unusable as error:
        problem = str(error)
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError):
        problem = "a value cannot be written as text or JSON"
    else:
        return FilledRequest(endpoint, SecretStr(f"{path}?{query}" if query else path), content, None)
    return FilledRequest(endpoint, SecretStr(""), None, problem)


class _Unusable(Exception):
    """A value that must not be put into a request; the text names no value."""


def _text(value: Text | int | None) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
        case _:
            raise _Unusable("a value is missing or is not text")


def _segment(value: Text | int | None) -> str:
    text = _text(value)
    # An empty or dotted segment is another path once a proxy has tidied it up: another endpoint.
    if text in ("", ".", ".."):
        raise _Unusable("a value cannot be part of an address: it is empty or made of dots")
    return quote(text, safe="")


def _content(
    endpoint: Endpoint, whole: Mapping[str, Any] | None, values: Mapping[str, Text | int | None]
) -> SecretBytes | None:
    if endpoint.body is None:
        return None
    body = (
        {
            name: _text(values[name])
            for name in endpoint.body
            if not (name in endpoint.optional and values.get(name) is None)
        }
        if endpoint.body
        else dict(whole or {})
    )
    written = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return SecretBytes(written.encode("utf-8"))
