"""Answers: the envelope of the contract, and everything that is not one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from onboarding.sandbox.api import Endpoint
from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.faults import FaultKind, FaultRule
from onboarding.sandbox.mcodes import Mcode, Refusal
from onboarding.sandbox.request import ApiRequest, BadRequest, read_arguments

__all__ = ["Answer", "answer_of_bad_request", "answer_of_fault", "perform"]

_JSON = "application/json;charset=UTF-8"
_BAD_GATEWAY = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"
_SUCCESS = b'{"mcode":"m0000000","result":true}'


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer.

    Attributes:
        status: the HTTP status.
        body: the body.
        mcode: the result code, where the body is an envelope.
        content_type: the body's type.
        extra: further headers.
    """

    status: int
    body: bytes = field(repr=False)
    mcode: str | None = None
    content_type: str = _JSON
    extra: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All headers, as ASGI takes them."""
        return [
            (b"content-type", self.content_type.encode()),
            (b"content-length", str(len(self.body)).encode()),
            *self.extra,
        ]


def perform(sandbox: Sandbox, endpoint: Endpoint, request: ApiRequest) -> Answer:
    """Do what the request asks and answer it. Credentials are looked at first, then the parameters."""
    sandbox.settle()
    try:
        _check_credentials(sandbox, request)
        data = endpoint.perform(sandbox, **read_arguments(endpoint, request))
    except BadRequest as bad:
        return answer_of_bad_request(bad)
    except Refusal as refusal:
        return _envelope({"mcode": refusal.mcode.value, "result": False})
    success: dict[str, Any] = {"mcode": Mcode.SUCCESS.value, "result": True}
    return _envelope({"data": data, **success} if endpoint.has_data else success)


def answer_of_bad_request(bad: BadRequest) -> Answer:
    """A plain HTTP error with the reason."""
    allow = ((b"allow", bad.allow.encode()),) if bad.allow else ()
    return Answer(bad.status, _dump({"status": bad.status, "error": bad.reason}), extra=allow)


def answer_of_fault(rule: FaultRule, good: Answer | None) -> Answer:
    """What the client sees of a fault that answers; ``good`` is the answer that it does not get to see."""
    if rule.kind is FaultKind.BROKEN_JSON:
        return Answer(200, (good.body if good else _SUCCESS)[:-1])
    if rule.kind is FaultKind.SYSTEM_ERROR:
        return _envelope({"mcode": Mcode.SYSTEM_ERROR.value, "result": False})
    wait = str(rule.retry_after) if rule.retry_after is not None else ""
    extra = ((b"retry-after", wait.encode()),) if wait else ()
    if rule.kind is FaultKind.THROTTLE_429:
        return Answer(429, _dump({"status": 429, "error": "too many requests"}), extra=extra)
    if rule.kind is FaultKind.HTML_502:
        return Answer(502, _BAD_GATEWAY, content_type="text/html", extra=extra)
    return Answer(500, _dump({"status": 500, "error": "internal server error"}), extra=extra)


def _check_credentials(sandbox: Sandbox, request: ApiRequest) -> None:
    config = sandbox.config
    token = request.headers.get("x-api-token")
    if token is None:
        raise Refusal(Mcode.TOKEN_MISSING)
    if not token.strip():
        raise Refusal(Mcode.TOKEN_EMPTY)
    if request.headers.get("x-api-tenantid") != config.tenant_id:
        raise Refusal(Mcode.TENANT_INVALID)
    if token in config.expired_tokens:
        raise Refusal(Mcode.TOKEN_EXPIRED)
    if token != config.token:
        raise Refusal(Mcode.ACCESS_NOT_OPENED)


def _envelope(content: dict[str, Any]) -> Answer:
    return Answer(200, _dump(content), content["mcode"])


def _dump(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
