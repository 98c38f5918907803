"""The guards of the adapter: what an answer may do to us, what it may make us believe, and where a request may go."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from loguru import logger

from onboarding.api import (
    Meaning,
    caller,
    client,
    envelope,
    http_library,
    network,
    observe,
    request,
    routes,
    strict_json,
    transport,
)
from onboarding.api.caller import Caller
from onboarding.api.envelope import Answer, Trouble
from onboarding.api.passage import Passage
from onboarding.api.pool import Pool
from onboarding.api.request import FilledRequest
from onboarding.api.transport import Transport
from onboarding.errors import InDoubt, Refused, RefusedByProtocol
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []

_MANY = 64 * 1024 * 1024


@mutant("deadline", "a call ends when its time is up", part="answers", case="manners/deadline")
def _deadline() -> Iterator[None]:
    with (
        in_place_of(Passage, "remaining", lambda _: 3600.0),
        in_place_of(Passage, "_time_is_up", lambda _: None),
    ):
        yield


@mutant("answer-size", "an answer has a greatest size", part="answers", case="endless-body/log_in")
def _answer_size() -> Iterator[None]:
    with in_place_of(routes, "MAX_SIZE", _MANY):
        yield


@mutant("unpacked-size", "a packed answer has a greatest size too", part="answers", case="gzip-bomb/log_in")
def _unpacked_size() -> Iterator[None]:
    def greedy(encoding: str | None, body: bytes) -> bytes | None:
        return zlib.decompress(body, 47) if encoding in ("gzip", "deflate") else body

    with in_place_of(routes, "unpack", greedy):
        yield


@mutant(
    "strict-json", "an answer that could be read in two ways is not read", part="answers",
    case="result-twice/update_account",
)  # fmt: skip
def _strict_json() -> Iterator[None]:
    def lenient(body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise strict_json.NotStrict("not JSON") from None

    with in_place_of(strict_json, "load", lenient):
        yield


@mutant("shape", "an answer of an unexpected shape is a doubt", part="answers", case="data-a-number/find_users")
def _shape() -> Iterator[None]:
    with in_place_of(caller, "_shaped", lambda answer, read: Answer(read(answer.data))):
        yield


@mutant(
    "success-told-twice", "a success is one that result and mcode agree on", part="answers",
    case="true-with-a-refusal/update_account",
)  # fmt: skip
def _told_twice() -> Iterator[None]:
    read = envelope.read_answer

    def hopeful(endpoint: Any, codes: Any, status: int, body: bytes, wait: Any = None) -> Answer | Trouble:
        found = read(endpoint, codes, status, body, wait)
        told = isinstance(found, Trouble) and "contradict" in found.reason
        return Answer(strict_json.load(body).get("data")) if told else found

    with in_place_of(caller, "read_answer", hopeful):
        yield


@mutant(
    "unknown-codes", "a result code that the endpoint does not list is no refusal", part="answers",
    case="mcode-unknown/log_in",
)  # fmt: skip
def _unknown_codes() -> Iterator[None]:
    read = envelope._read_refusal

    def sure(endpoint: Any, codes: Any, mcode: str) -> Trouble:
        found = read(endpoint, codes, mcode)
        known = found.kind is not InDoubt or "system error" in found.reason
        return found if known else replace(found, kind=Refused, meaning=Meaning.NO_SUCH_USER)

    with in_place_of(envelope, "_read_refusal", sure):
        yield


@mutant(
    "odd-statuses", "a service that failed has not said that nothing happened", part="answers", case="html-502/log_in",
    quick=True,
)  # fmt: skip
def _odd_statuses() -> Iterator[None]:
    read = envelope._read_status

    def sure(status: int, wait: float | None) -> Trouble:
        found = read(status, wait)
        return replace(found, kind=RefusedByProtocol) if found.kind is InDoubt else found

    with in_place_of(envelope, "_read_status", sure):
        yield


@mutant("retry-after", "a wait that the other side asks for is a time, and no longer than a day", part="answers",
        case="throttled-retry-huge/log_in")  # fmt: skip
def _retry_after() -> Iterator[None]:
    def obedient(header: str | None, _: Any) -> float | None:
        return float(header) if header and header.isdecimal() else None

    with in_place_of(caller, "seconds_to_wait", obedient):
        yield


@mutant("redirects", "no request is sent to where an answer points", part="answers", case="redirect-307/update_account")
def _redirects() -> Iterator[None]:
    send = Pool.send

    async def following(self: Any, method: str, target: bytes, headers: Any, content: Any = None, **more: Any) -> Any:
        answer = await send(self, method, target, headers, content, **more)
        there = dict(answer.headers).get(b"Location")
        if there is not None:
            async with http_library.preferred_library().AsyncClient(trust_env=False) as anywhere:
                await anywhere.request(method, there.decode(), content=content)
        return answer

    with in_place_of(Pool, "send", following):
        yield


@mutant("leftovers", "what is left of an answer is not the next call's", part="answers",
        case="two-answers/verify_mobile_code")  # fmt: skip
def _leftovers() -> Iterator[None]:
    async def careless(_: Any) -> None: ...

    with in_place_of(routes, "give_up_if_more_came", careless):
        yield


@mutant("never-sent", "a request counts as never sent only if no byte of it left", part="answers",
        case="closed-unanswered/update_account")  # fmt: skip
def _never_sent() -> Iterator[None]:
    trouble = Transport._trouble

    def sure(self: Transport, error: Exception, passage: Passage) -> Trouble:
        under_way, passage.under_way = passage.under_way, False
        found = trouble(self, error, passage)
        passage.under_way = under_way
        return found

    with in_place_of(Transport, "_trouble", sure):
        yield


@mutant("told-unsent", "what has left is not told as unsent because its time is up", part="answers",
        case="silence/set_avatar")  # fmt: skip
def _told_unsent() -> Iterator[None]:
    with in_place_of(Passage, "may_have_left", property(lambda _: False)):
        yield


@mutant("untraced", "an error that another library has translated does not prove that nothing left", part="answers",
        case="manners/untraced")  # fmt: skip
def _untraced() -> Iterator[None]:
    with in_place_of(Transport, "_proves_unsent", lambda *_: True):
        yield


@mutant("call-uncancelled", "a request under way is never broken off from outside", part="answers",
        case="manners/cancelled")  # fmt: skip
def _call_uncancelled() -> Iterator[None]:
    async def direct(self: Caller, request: Any, read: Any, passage: Any, start: float) -> Any:
        observe.announce(request.endpoint)
        try:
            return await self._perform(request, read, passage, start)
        finally:
            self._transport.free_slot()

    with in_place_of(Caller, "_send", direct):
        yield


@mutant("too-late", "what nobody waits for any more is not sent", part="answers", case="manners/too-late")
def _too_late() -> Iterator[None]:
    async def blind(self: Passage, event: str, info: Any) -> None:
        del info
        self.traced = True
        self.under_way |= event.endswith("send_request_headers.started")

    with in_place_of(Passage, "trace", blind):
        yield


@mutant("too-late-to-leave", "on a connection that stands too late nothing is sent any more", part="answers",
        case="manners/too-late-to-leave")  # fmt: skip
def _too_late_to_leave() -> Iterator[None]:
    def leave(self: Passage) -> None:
        self.under_way = True

    with in_place_of(Passage, "leave", leave):
        yield


@mutant("proxies", "a request goes through no proxy that happens to be in the environment", part="answers",
        case="manners/proxy")  # fmt: skip
def _proxies() -> Iterator[None]:
    make = http_library.make_client

    def trusting(library: Any, base_url: str, *, pool_size: int, trust_env: bool) -> Any:
        del trust_env
        return make(library, base_url, pool_size=pool_size, trust_env=True)

    with in_place_of(transport, "make_client", trusting):
        yield


@mutant("https", "a password never leaves this machine without encryption", part="bad-input",
        case="must-refuse-plain-http")  # fmt: skip
def _https() -> Iterator[None]:
    with in_place_of(client, "problem_with", lambda _: None):
        yield


@mutant("places", "a call that has ended leaves its place to the next one", part="answers", case="manners/places")
def _places() -> Iterator[None]:
    with in_place_of(transport.Transport, "_ended", lambda self, task: self._tasks.discard(task)):
        yield


@mutant("lines-closed", "a call that is broken off closes its connection", part="answers", case="lines/closed")
def _lines_closed() -> Iterator[None]:
    def forget(self: Pool, line: Any) -> None:
        self._lines.discard(line)

    with in_place_of(Pool, "_drop", forget):
        yield


@mutant("lines-stale", "a connection that the other side has closed is not used", part="answers", case="lines/stale")
def _lines_stale() -> Iterator[None]:
    def last(self: Pool) -> Any:
        return self._idle.pop() if self._idle else None

    with in_place_of(Pool, "_pop_idle", last):
        yield


@mutant("unread", "what nobody has asked for is not taken in", part="answers", case="lines/unread")
def _unread() -> Iterator[None]:
    with in_place_of(network, "_MOST_UNREAD", 2**40):
        yield


@mutant("grace", "a request that has nowhere to go is ended", part="answers", case="lines/ended")
def _grace() -> Iterator[None]:
    def patient(self: Passage) -> None:
        if not self._told.done():
            self._told.set_result(None)
        self._given_up = True

    with in_place_of(Passage, "_time_is_up", patient):
        yield


@mutant("call-repr", "the objects of a call show none of its values", part="answers", case="lines/shown")
def _call_repr() -> Iterator[None]:
    with in_place_of(FilledRequest, "__repr__", lambda self: f"<{self.target.get_secret_value()}>"):
        yield


@mutant("silent", "who does not ask for log lines gets none", part="answers", case="lines/silent")
def _silent() -> Iterator[None]:
    with in_place_of(logger, "disable", lambda _: None):
        yield


@mutant("no-number", "a number that is none is not sent", part="bad-input", case="must-refuse-number-that-is-none")
def _no_number() -> Iterator[None]:
    dumps = json.dumps

    def lax(value: Any, **how: Any) -> str:
        return dumps(value, **{**how, "allow_nan": True})

    with in_place_of(request, "json", SimpleNamespace(dumps=lax)):
        yield
