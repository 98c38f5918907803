"""The malformed replies: how each is played, and what a call may make of it.

What a call may make of it is written down by hand, from the contract and from RFC 9110, 9112 and 8259, and not asked of
the product. A reply comes after its request: so ``not_sent`` is a lie, unless the reply itself says that nobody looked.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from onboarding.verify.answers.calls import Call
from onboarding.verify.answers.counterpart import Play
from onboarding.verify.answers.plays import cut, drip, endless, envelope, http, once_heard, silence, whole

__all__ = ["REPLIES", "Reply"]

DOUBT, RESULT, REJECTED, UNSENT = "in_doubt", "answered", "refused_by_protocol", "not_sent"
_MIB = 1024 * 1024
_TICKET = '"stale"'


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply.

    Attributes:
        name: of the case.
        play: puts it on the wire.
        may: the outcomes that are honest.
        by_shape: it is a result where the call does not look at the data, else in doubt.
        absent: with ``by_shape``: there is no data, which is an answer to some calls.
        hangs: only the deadline ends it.
        heavy: it is made to take memory or time.
        most: so many bytes of memory may be taken meanwhile.
        deaf: it comes before the request was read.
        nobody: there is no service at all.
    """

    name: str
    play: Play
    may: frozenset[str] = frozenset({DOUBT})
    by_shape: bool = False
    absent: bool = False
    hangs: bool = False
    heavy: bool = False
    most: int = 24 * _MIB
    deaf: bool = False
    nobody: bool = False

    def honest(self, call: Call) -> frozenset[str]:
        """What the call may make of it."""
        if not self.by_shape:
            return self.may
        return frozenset({DOUBT if call.looks and not (self.absent and call.absent) else RESULT})


def _envelopes() -> Iterator[tuple[str, bytes]]:
    """Bodies of a 200 that prove nothing."""
    good = envelope()
    yield "empty-body", b""
    yield "html-200", b"<!doctype html><html><body>It works!</body></html>"
    yield "trailing-comma", good[:-1] + b",}"
    yield "comment", good[:-1] + b" // done\n}"
    yield "single-quotes", good.replace(b'"', b"'")
    yield "cut-in-half", good[: len(good) // 2]
    yield "two-envelopes", good + good
    yield "words-after-it", good + b" bye"
    yield "list-of-one", b"[" + good + b"]"
    yield "only-a-text", b'"m0000000"'
    yield "only-null", b"null"
    yield "only-true", b"true"
    yield "result-a-text", envelope('"true"')
    yield "result-a-number", envelope("1")
    yield "result-null", envelope("null")
    yield "result-missing", b'{"mcode":"m0000000","data":@data@}'
    yield "mcode-missing", b'{"result":true,"data":@data@}'
    yield "mcode-null", envelope(mcode="null")
    yield "mcode-a-number", envelope(mcode="0")
    yield "mcode-a-list", envelope(mcode='["m0000000"]')
    yield "mcode-empty", envelope(mcode='""')
    yield "mcode-unknown", envelope("false", '"PUB_AUTH_9999999"')
    yield "mcode-a-sentence", envelope("false", '"the user Vera is known already"')
    yield "mcode-very-long", envelope("false", f'"{"A" * 100_000}"')
    yield "system-error", envelope("false", '"-1"')
    yield "system-error-as-a-number", envelope("false", "-1")
    yield "true-with-a-refusal", envelope("true", '"PUB_AUTH_0000008"')
    yield "true-with-a-system-error", envelope("true", '"-1"')
    yield "false-with-a-success", envelope("false")
    yield "result-twice", b'{"result":false,"result":true,"mcode":"m0000000","data":@data@}'
    yield "mcode-twice", b'{"result":true,"mcode":"-1","mcode":"m0000000","data":@data@}'
    yield "a-name-twice-within", envelope(data='{"a":1,"a":2}')
    yield "not-a-number", envelope(data="NaN")
    yield "infinity", envelope(data="[-Infinity]")
    yield "number-out-of-bounds", envelope(data="1e999")
    yield "integer-of-5000-digits", envelope(data="9" * 5000)
    yield "nested-5000-deep", envelope(data="[" * 5000 + "]" * 5000)
    yield "nested-200000-deep", b"[" * 200_000
    yield "lone-surrogate", envelope(data='"\\ud83d"')
    yield "not-utf-8", envelope(data='"')[:-1] + b'\xff"}'
    yield "latin-1", envelope(data='"Vera \u00c5"').decode().encode("latin-1")
    yield "utf-16", good.decode().encode("utf-16")
    yield "byte-order-mark", b"\xef\xbb\xbf" + good
    yield "control-characters", envelope(data='"\x00\x1b"')
    yield "binary-noise", bytes(range(256)) * 8


def _whole_answers() -> Iterator[tuple[str, bytes]]:
    """Answers that are complete, and of a status or an encoding that is none."""
    good, packed = envelope(), gzip.compress(envelope(data="null"))
    page = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    yield "html-502", http(502, page, "Content-Type: text/html")
    yield "error-500-with-a-success", http(500, good)
    yield "status-503-retry-garbage", http(503, b"", "Retry-After: soon")
    yield "status-503-retry-huge", http(503, b"", f"Retry-After: {'9' * 400}")
    yield "status-503-retry-negative", http(503, b"", "Retry-After: -5")
    yield "status-503-retry-date", http(503, b"", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT")
    yield "status-503-retry-bad-date", http(503, b"", "Retry-After: Fri, 99 Foo 0000 99:99:99 GMT")
    yield "status-503-retry-twice", http(503, b"", "Retry-After: 1", "Retry-After: 86400000")
    yield "timeout-408", http(408, b"")
    yield "created-201", http(201, good)
    yield "accepted-202", http(202, good)
    yield "no-content-204", b"HTTP/1.1 204 No Content\r\n\r\n"
    yield "partial-206", http(206, good, "Content-Range: bytes 0-9/999")
    yield "not-modified-304", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"
    yield "status-999", http(999, good)
    for status in (301, 302, 303, 307, 308):
        yield f"redirect-{status}", http(status, good, "Location: @trap@/v1/elsewhere")
    yield "redirect-to-nowhere", http(302, b"", "Location: http://[::1")
    yield "redirect-to-a-file", http(302, b"", "Location: file:///etc/hostname")
    yield "redirect-without-address", http(302, b"")
    yield "gzip-cut-short", http(200, packed[:-6], "Content-Encoding: gzip")
    yield "gzip-and-more", http(200, packed + b"more", "Content-Encoding: gzip")
    yield "gzip-that-is-none", http(200, good, "Content-Encoding: gzip")
    yield "deflate-garbage", http(200, b"\x00\x01\x02garbage", "Content-Encoding: deflate")
    yield "gzip-twice", http(200, gzip.compress(packed), "Content-Encoding: gzip, gzip")
    yield (
        "gzip-twice-in-two-lines",
        http(200, gzip.compress(packed), "Content-Encoding: gzip", "Content-Encoding: gzip"),
    )
    yield "unknown-encoding", http(200, good, "Content-Encoding: br")


def _broken_off() -> Iterator[tuple[str, Play]]:
    """Answers that end before their end, or never were HTTP."""
    good = http(200, envelope())
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    one = b"%x\r\n%b\r\n" % (len(envelope(data="null")), envelope(data="null"))
    yield "closed-unanswered", cut(b"")
    yield "reset-unanswered", once_heard
    yield "closed-in-the-status", cut(b"HTTP/1.")
    yield "closed-in-the-headers", cut(b"HTTP/1.1 200 OK\r\nContent-Ty")
    yield "closed-after-the-headers", cut(http(200, b"", length=20))
    yield "reset-after-the-headers", cut(http(200, b"", length=20), reset=True)
    yield "length-too-long", cut(http(200, envelope(), length=100_000))
    yield "length-too-short", whole(http(200, envelope(), length=9))
    yield "length-negative", cut(http(200, envelope(), length=-9))
    yield "length-a-word", cut(http(200, envelope(), length="many"))
    yield "lengths-that-differ", cut(http(200, envelope(), "Content-Length: 7", length=70))
    yield "chunks-cut-short", cut(chunked + one)
    yield "chunk-size-garbage", cut(chunked + b"zz\r\n" + envelope() + b"\r\n0\r\n\r\n")
    yield "chunk-size-huge", cut(chunked + b"f" * 16 + b"\r\n" + envelope())
    yield "chunk-size-endless", cut(chunked + b"0" * 100_000)
    yield "status-not-a-number", cut(good.replace(b" 200 ", b" 2OO "))
    yield "status-of-two-digits", cut(good.replace(b" 200 ", b" 20 "))
    yield "header-without-colon", cut(good.replace(b"Content-Type:", b"Content-Type"))
    yield "header-with-a-nul", cut(good.replace(b"application/json", b"application\x00json"))
    yield "http-0.9", cut(envelope())
    yield "http-2-preface", cut(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64")
    yield "tls-alert", cut(b"\x15\x03\x01\x00\x02\x02\x28")
    yield "noise-on-the-wire", cut(bytes(reversed(range(256))) * 16)
    yield "switching-101", cut(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nPRI")


def _hanging() -> Iterator[tuple[str, Play]]:
    """Answers that only the deadline ends."""
    yield "silence", silence()
    yield "silence-after-the-headers", silence(http(200, b"", length=20))
    yield "slow-drip-of-the-headers", drip(http(200, envelope(), "X-Filling: " + "x" * 9000))
    yield "slow-drip-of-the-body", drip(http(200, b" " * 9000 + envelope()))
    yield "slow-drip-of-hints", drip(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 400)
    yield "endless-100-continue", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 20)


def _heavy() -> Iterator[Reply]:
    """Answers that are made to take memory."""
    bomb = zlib.compressobj(9, wbits=31)
    zeros = b"".join(bomb.compress(bytes(_MIB)) for _ in range(64)) + bomb.flush()
    head = b"HTTP/1.1 200 OK\r\n"
    yield Reply("gzip-bomb", whole(http(200, zeros, "Content-Encoding: gzip")))
    yield Reply("two-megabytes", whole(http(200, envelope(data=f'"{"x" * 2 * _MIB}"'))))
    # The worst that fits into the limit of a body: each of these few bytes becomes an object.
    crowd = envelope(data=f"[{','.join(['{}'] * 340_000)}]")
    yield Reply("crowd-of-objects", whole(http(200, crowd)), by_shape=True, most=96 * _MIB)
    yield Reply("endless-headers", endless(head, b"X-More: and more\r\n" * 50))
    yield Reply("endless-header-line", endless(head + b"X-More: ", b"x" * 4096))
    yield Reply("endless-body", endless(head + b"\r\n", b"x" * 65536))
    yield Reply(
        "endless-chunks", endless(head + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n%b\r\n" % (b"x" * 4096))
    )


def _harmless() -> Iterator[Reply]:
    """Odd, and yet an answer, or a word that nobody looked."""
    good = http(200, envelope())
    shape = Reply("", silence(), by_shape=True)
    yield replace(shape, name="data-a-number", play=whole(http(200, envelope(data="17"))))
    yield replace(
        shape,
        name="data-of-wrong-types",
        play=whole(http(200, envelope(data='{"list":{"userId":[]}}'))),
        may=frozenset({DOUBT, RESULT}),
        by_shape=False,
    )
    yield replace(shape, name="data-null", play=whole(http(200, envelope(data="null"))), absent=True)
    yield replace(shape, name="data-missing", play=whole(http(200, b'{"result":true,"mcode":"m0000000"}')), absent=True)
    answer = Reply("", silence(), frozenset({RESULT}))
    yield replace(
        answer, name="wrong-charset", play=whole(http(200, envelope(), "Content-Type: text/html; charset=utf-16"))
    )
    yield replace(answer, name="hints-before", play=whole(b"HTTP/1.1 103 Early Hints\r\nLink: <@trap@>\r\n\r\n", good))
    yield replace(answer, name="continue-before", play=whole(b"HTTP/1.1 100 Continue\r\n\r\n", good))
    late = http(200, envelope(data=_TICKET))
    yield replace(answer, name="two-answers", play=whole(good, late))
    yield replace(answer, name="two-answers-and-a-half", play=whole(good, late, late[:30]))
    either = Reply("", silence(), frozenset({RESULT, DOUBT}))
    yield replace(either, name="no-length", play=cut(http(200, envelope(), length=None)))
    yield replace(either, name="http-1.0", play=cut(http(200, envelope(), version="1.0")))
    yield replace(
        either,
        name="gzip-unasked",
        play=whole(http(200, gzip.compress(envelope()), "Content-Encoding: gzip")),
        may=frozenset({RESULT, DOUBT}),
    )
    yield replace(
        either, name="length-and-chunks", play=cut(http(200, b"4d\r\n" + envelope(), "Transfer-Encoding: chunked"))
    )
    yield replace(
        either, name="one-length-twice", play=cut(good.replace(b"Any\r\n", b"Any\r\nContent-Length: 43\r\n", 1))
    )
    for status in (400, 401, 403, 404, 405, 413, 421, 431):
        yield Reply(f"html-{status}", whole(http(status, b"<html>", "Retry-After: 5")), frozenset({REJECTED}))
    unseen = Reply("", silence(), frozenset({UNSENT}))
    yield replace(unseen, name="too-early-425", play=whole(http(425, b"")))
    for name, header in (
        ("negative", "-1"), ("huge", "9" * 300), ("fraction", "1.5"), ("words", "in a while"), ("infinite", "inf"),
        ("date", "Wed, 21 Oct 2037 07:28:00 GMT"), ("past", "Wed, 21 Oct 2015 07:28:00 GMT"), ("list", "5, 6"),
    ):  # fmt: skip
        yield replace(
            unseen, name=f"throttled-retry-{name}", play=whole(http(429, b"<html>", f"Retry-After: {header}"))
        )
    yield replace(unseen, name="nobody-listens", nobody=True)
    yield Reply("closed-unread", once_heard, frozenset({DOUBT, UNSENT}), deaf=True)
    yield Reply("answered-unread", whole(good), frozenset({DOUBT, RESULT, UNSENT}), deaf=True)


def _all() -> tuple[Reply, ...]:
    found = [Reply(name, whole(http(200, body))) for name, body in _envelopes()]
    found += [Reply(name, whole(answer)) for name, answer in _whole_answers()]
    found += [Reply(name, play) for name, play in _broken_off()]
    found += [Reply(name, play, hangs=True) for name, play in _hanging()]
    found += [replace(reply, heavy=True) for reply in _heavy()]
    found += _harmless()
    assert len({reply.name for reply in found}) == len(found), "a name is a case"
    return tuple(found)


REPLIES = _all()
"""All of them."""
