"""An answer sorted: a result, or which kind of trouble. Pure: bytes and a status in, data out.

=====================  =============================================================================================
status                 what it is
=====================  =============================================================================================
200, strict envelope   a result, a refusal that the endpoint lists, or in doubt
4xx                    refused by protocol; but 408 is in doubt, 425 and 429 say that nobody looked at it
everything else        in doubt: 5xx, redirects (never followed), other 2xx
=====================  =============================================================================================
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onboarding.api import strict_json
from onboarding.api.codes import CREDENTIALS, SUCCESS, SYSTEM_ERROR, CodeTable, Meaning
from onboarding.errors import CallError, InDoubt, NotSent, Refused, RefusedByProtocol

if TYPE_CHECKING:
    from onboarding.api.endpoints import Endpoint
    from onboarding.api.observe import CallOutcome

__all__ = ["MAX_SIZE", "Answer", "Trouble", "TroubleKind", "read_answer", "unpack"]

MAX_SIZE = 1024 * 1024
"""The most bytes of an answer that are read, before and after decompression."""

_OK = 200

TroubleKind = type[NotSent] | type[RefusedByProtocol] | type[InDoubt] | type[Refused]

_OUTCOMES: dict[TroubleKind, CallOutcome] = {
    NotSent: "not_sent",
    Refused: "refused",
    RefusedByProtocol: "refused_by_protocol",
    InDoubt: "in_doubt",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A result: ``data`` of a successful envelope."""

    data: Any = field(repr=False)
    mcode: str = SUCCESS


@dataclass(frozen=True, slots=True)
class Trouble:
    """Anything but a result. Of the other side's text it holds a result code at most."""

    kind: TroubleKind
    reason: str
    mcode: str | None = None
    http_status: int | None = None
    meaning: Meaning | None = None
    retry_after: float | None = None

    @property
    def outcome(self) -> CallOutcome:
        """The kind as a word."""
        return _OUTCOMES[self.kind]

    def error(self, endpoint: Endpoint, duration: float) -> CallError:
        """The error to raise for it; ``duration`` in seconds."""
        if self.kind is Refused:
            assert self.meaning is not None
            return Refused(
                self.reason,
                meaning=self.meaning,
                endpoint=endpoint.name,
                mcode=self.mcode,
                http_status=self.http_status,
                duration=duration,
            )
        kind: type[CallError] = self.kind
        return kind(
            self.reason,
            endpoint=endpoint.name,
            mcode=self.mcode,
            http_status=self.http_status,
            duration=duration,
            retry_after=self.retry_after,
        )


def unpack(encoding: str | None, body: bytes) -> bytes | None:
    """The decoded body; None: it is too large, broken, or encoded in a way that was not asked for."""
    match (encoding or "identity").strip().lower():
        case "identity" | "":
            return body if len(body) <= MAX_SIZE else None
        case "gzip" | "x-gzip":
            gzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            try:
                plain = gzip.decompress(body, MAX_SIZE + 1)
            except zlib.error:
                return None
            whole = gzip.eof and not gzip.unused_data
            return plain if whole and len(plain) <= MAX_SIZE else None
        case _:
            return None


def read_answer(
    endpoint: Endpoint, codes: CodeTable, status: int, body: bytes, retry_after: float | None = None
) -> Answer | Trouble:
    """Sort an answer of ``endpoint``.

    Args:
        endpoint: what was called.
        codes: the codes that are known.
        status: the HTTP status.
        body: the decoded body.
        retry_after: seconds that the other side asked to wait.
    """
    if status != _OK:
        return _read_status(status, retry_after)
    try:
        envelope = strict_json.load(body)
    except strict_json.NotStrict as error:
        return _doubt(f"the answer is broken: {error}")
    if not isinstance(envelope, dict):
        return _doubt("the answer is not an envelope")
    result, mcode = envelope.get("result"), envelope.get("mcode")
    if not isinstance(result, bool) or not isinstance(mcode, str):
        return _doubt("the answer is not an envelope")
    if result != (mcode == SUCCESS):
        return _doubt("result and mcode contradict each other", codes.spelled(mcode))
    return Answer(envelope.get("data")) if result else _read_refusal(endpoint, codes, mcode)


def _doubt(reason: str, mcode: str | None = None) -> Trouble:
    return Trouble(InDoubt, reason, mcode=mcode, http_status=_OK)


def _read_refusal(endpoint: Endpoint, codes: CodeTable, mcode: str) -> Trouble:
    meaning = codes.meaning(endpoint.section, mcode)
    if meaning is Meaning.SYSTEM_ERROR or mcode == SYSTEM_ERROR:
        return _doubt("the service reports a system error", codes.spelled(mcode))
    if meaning is None:
        return _doubt("a result code that this endpoint does not list", codes.spelled(mcode))
    kind: TroubleKind = RefusedByProtocol if meaning in CREDENTIALS else Refused
    return Trouble(kind, meaning.text, mcode=mcode, http_status=_OK, meaning=meaning)


def _read_status(status: int, retry_after: float | None) -> Trouble:
    kind: TroubleKind = InDoubt
    match status:
        case 429:
            kind, reason = NotSent, "throttled: too many requests"
        case 425:
            kind, reason = NotSent, "the service says that it was too early to look at the request"
        case 408:
            reason = "the service gave up waiting for the request"
        case _ if 400 <= status < 500:  # noqa: PLR2004
            kind, reason = RefusedByProtocol, "the service does not accept the request"
        case _ if 300 <= status < 400:  # noqa: PLR2004
            reason = "redirected, which is never followed"
        case _ if status >= 500:  # noqa: PLR2004
            reason = "the service failed"
        case _:
            reason = "an HTTP status that is no answer"
    return Trouble(kind, reason, http_status=status, retry_after=retry_after)
