"""Requests read strictly: what is wrong is said in one sentence that repeats none of the values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from onboarding.sandbox.api import ENDPOINTS, LANGUAGES, Endpoint, Kind, Parameter

__all__ = ["ApiRequest", "BadRequest", "endpoint_for", "read_arguments"]

_SECTIONS_OF_ACCOUNT = ("base", "cert", "finance")
_LARGEST_NUMBER = 2**31 - 1


class BadRequest(Exception):
    """Inside the sandbox only: not a request of this API. It becomes a plain HTTP error at the door."""

    def __init__(self, reason: str, *, status: int = 400, allow: str | None = None) -> None:
        self.reason = reason
        self.status = status
        self.allow = allow
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request as it came in.

    Attributes:
        segments: the path's segments, still percent-encoded.
        query: the query string, still encoded.
        headers: names in lower case; of a repeated header the last.
        body: the body.
    """

    segments: tuple[str, ...] = field(repr=False)
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


_TEMPLATES = tuple((tuple(endpoint.path.split("/")), endpoint) for endpoint in ENDPOINTS)


def endpoint_for(method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
    """The endpoint at this address, and the segments of the percent-encoded ``path``.

    Raises:
        BadRequest: 404 for an unknown address, 405 for a wrong verb.
    """
    segments = tuple(path.split("/"))
    for template, endpoint in _TEMPLATES:
        if len(template) == len(segments) and all(
            part == segment or part.startswith("{") for part, segment in zip(template, segments, strict=True)
        ):
            if method != endpoint.method:
                raise BadRequest(f"this address takes {endpoint.method}", status=405, allow=endpoint.method)
            return endpoint, segments
    raise BadRequest("there is no such address", status=404)


def read_arguments(endpoint: Endpoint, request: ApiRequest) -> dict[str, Any]:
    """The arguments of the endpoint's behaviour.

    Raises:
        BadRequest: 400 with the reason.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BadRequest("the content-type header must be application/json")
    if request.headers.get("x-language", LANGUAGES[0]) not in LANGUAGES:
        raise BadRequest(f"the x-language header must be one of {', '.join(LANGUAGES)}")
    arguments = _read(endpoint.in_path, _path_values(endpoint, request.segments), "path")
    arguments |= _read(endpoint.in_query, _query_values(request.query), "query")
    if not endpoint.takes_body:
        if request.body:
            raise BadRequest("this address takes no body")
        return arguments
    body = _json_object(request.body)
    if endpoint.whole_body is not None:
        arguments[endpoint.whole_body.argument] = _value(endpoint.whole_body, body)
    else:
        arguments |= _read(endpoint.in_body, body, "body")
    return arguments


def _path_values(endpoint: Endpoint, segments: tuple[str, ...]) -> dict[str, Any]:
    parts = zip(endpoint.path.split("/"), segments, strict=True)
    try:
        return {part[1:-1]: unquote(value, errors="strict") for part, value in parts if part.startswith("{")}
    except UnicodeDecodeError:
        pass
    raise BadRequest("the path is not UTF-8")


def _query_values(query: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError:
        pairs = None
    if pairs is None:
        raise BadRequest("the query string is malformed")
    return _without_duplicates(pairs)


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise BadRequest("a parameter is given twice")
        values[name] = value
    return values


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
        # A half of a surrogate pair is legal in JSON and in no answer: it is found by writing it down.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadRequest("the body is not a JSON object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _read(parameters: tuple[Parameter, ...], values: Mapping[str, Any], place: str) -> dict[str, Any]:
    known = {parameter.name for parameter in parameters}
    if not known.issuperset(values):
        raise BadRequest(f"the {place} has a parameter that this address does not know")
    arguments = {}
    for parameter in parameters:
        if parameter.name in values:
            arguments[parameter.argument] = _value(parameter, values[parameter.name])
        elif parameter.required:
            raise BadRequest(f"{parameter.name} is missing")
    return arguments


def _value(parameter: Parameter, value: Any) -> Any:
    fits, converted = _READERS[parameter.kind](value)
    if not fits:
        raise BadRequest(f"{parameter.name} must be {parameter.kind.value}")
    if isinstance(converted, str) and not converted.strip():
        raise BadRequest(f"{parameter.name} is blank")
    if parameter.choices and converted not in parameter.choices:
        raise BadRequest(f"{parameter.name} must be one of {', '.join(parameter.choices)}")
    return converted


def _text(value: Any) -> tuple[bool, Any]:
    return isinstance(value, str), value


def _flag(value: Any) -> tuple[bool, Any]:
    return value in ("true", "false"), value == "true"


def _number(value: Any) -> tuple[bool, Any]:
    fits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST_NUMBER))
    number = int(value) if fits else 0
    return 1 <= number <= _LARGEST_NUMBER, number


def _account(value: Any) -> tuple[bool, Any]:
    return bool(value) and all(isinstance(value.get(name, {}), dict) for name in _SECTIONS_OF_ACCOUNT), value


_READERS = {Kind.TEXT: _text, Kind.FLAG: _flag, Kind.NUMBER: _number, Kind.ACCOUNT: _account}
