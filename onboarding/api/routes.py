"""The two ways of a request to the other side: through our own pool, or through an HTTP client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import h11

from onboarding.api.envelope import MAX_SIZE, unpack
from onboarding.api.leftovers import give_up_if_more_came
from onboarding.api.pool import Pool, read_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onboarding.api.passage import Passage
    from onboarding.api.request import FilledRequest

__all__ = ["Reply", "Route", "route_through"]

_OK = 200
_LENGTHS = 1024
"""Of so many lengths of a body the headers are kept."""
_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})
"""Methods that say how long their body is, also where it is empty."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        status: the HTTP status.
        body: the decoded body; None: unreadable or over the limit. Only a 200 is read at all.
        retry_after: the header as received.
    """

    status: int
    body: bytes | None = field(repr=False)
    retry_after: str | None = field(default=None, repr=False)


class Route(Protocol):
    """Sends one request and brings its answer back."""

    async def fetch(self, request: FilledRequest, passage: Passage) -> Reply:
        """Raises what the HTTP library raises."""
        ...


class _PoolRoute:
    """Straight to a pool of ours. From the first byte on, the passage's own limit counts."""

    def __init__(self, library: Any, pool: Pool, base_url: str, headers: Any, connect_timeout: float) -> None:
        self._pool = pool
        self._connect_timeout = connect_timeout
        url = library.URL(base_url)
        self._base_path = url.path.rstrip("/")
        self._headers = [(b"Host", url.netloc), *headers.raw]
        self._checked: dict[int | None, Sequence[tuple[bytes, bytes]]] = {}
        """By the length of the body; None: there is none."""

    async def fetch(self, request: FilledRequest, passage: Passage) -> Reply:
        method = request.endpoint.method
        content = None if request.content is None else request.content.get_secret_value()
        length = len(content or b"") if content is not None or method in _WITH_BODY else None
        answer = await self._pool.send(
            method, f"{self._base_path}{request.target.get_secret_value()}".encode("ascii"),
            self._checked.get(length) or self._check(length), content,
            extensions={
                "timeout": {"connect": min(self._connect_timeout, passage.remaining())}, "leaving": passage.leave,
            },
        )  # fmt: skip
        try:
            if answer.status != _OK:
                # Only who did not answer is asked to say when to come back.
                return Reply(answer.status, b"", _header(answer.headers, b"retry-after"))
            body = await answer.read(MAX_SIZE)
            if body is not None:
                await give_up_if_more_came(answer)
                body = unpack(_header(answer.headers, b"content-encoding"), body)
            return Reply(_OK, body)
        finally:
            await answer.aclose()

    def _check(self, length: int | None) -> Sequence[tuple[bytes, bytes]]:
        """The headers for a body of so many bytes, checked once: HTTP/1.1 would do so with every request."""
        more = [] if length is None else [(b"Content-Length", b"%d" % length)]
        headers = h11.Request(method="POST", target="/", headers=[*self._headers, *more]).headers
        if len(self._checked) < _LENGTHS:
            self._checked[length] = headers
        return headers


class _ClientRoute:
    """Through an ``AsyncClient``: one that was handed in, or ours where the environment names a proxy."""

    def __init__(
        self, library: Any, client: Any, base_url: str, headers: Any, connect_timeout: float, *, owned: bool
    ) -> None:
        self._library = library
        self._client = client
        self._base_url = base_url
        self._headers = headers
        self._connect_timeout = connect_timeout
        self._owned = owned

    async def fetch(self, request: FilledRequest, passage: Passage) -> Reply:
        response = await self._send(request, passage)
        try:
            body = await self._read(response) if response.status_code == _OK else b""
        finally:
            await response.aclose()
        wait = None if response.status_code == _OK else response.headers.get("retry-after")
        return Reply(response.status_code, body, wait)

    async def _send(self, request: FilledRequest, passage: Passage) -> Any:
        remaining = passage.remaining()
        limits = {
            "connect": min(self._connect_timeout, remaining),
            "read": remaining,
            "write": remaining,
            # A little less, so that the library has the time to say that there was no place in its pool: from a
            # client that others use too, that is the only proof that nothing was sent.
            "pool": remaining * 0.9,
        }
        # Made by hand and not by the client, so that nothing of the client's own is merged into it.
        written = self._library.Request(
            request.endpoint.method,
            self._base_url + request.target.get_secret_value(),
            headers=self._headers,
            content=None if request.content is None else request.content.get_secret_value(),
            extensions={"timeout": limits, "trace": passage.trace},
        )
        response = await self._client.send(written, auth=None, follow_redirects=False, stream=True)
        if self._owned:
            self._client.cookies.clear()
        return response

    @staticmethod
    async def _read(response: Any) -> bytes | None:
        if response.is_stream_consumed:  # a handed-in client's transport gave it whole, and decoded (a mock does)
            content: bytes = response.content
            return content if len(content) <= MAX_SIZE else None
        # Not through the response, which would free the connection at the end of the body.
        body = await read_whole(response.stream, MAX_SIZE)
        if body is None:
            return None
        await give_up_if_more_came(response)
        return unpack(response.headers.get("content-encoding"), body)


def route_through(
    library: Any, client: Any, base_url: str, headers: Any, *, connect_timeout: float, owned: bool
) -> Route:
    """The way through a client or a pool.

    Args:
        library: httpx or httpx2.
        client: an ``AsyncClient`` of it, or a ``Pool``.
        base_url: without a slash at the end.
        headers: the library's, sent with every request.
        connect_timeout: seconds for a connection to stand.
        owned: whether the client is ours.
    """
    if isinstance(client, Pool):
        return _PoolRoute(library, client, base_url, headers, connect_timeout)
    return _ClientRoute(library, client, base_url, headers, connect_timeout, owned=owned)


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> str | None:
    """A header's value; of several, all of them with commas between, which is what they mean."""
    found = [value.decode("latin-1") for key, value in headers if key.lower() == name]
    return ", ".join(found) if found else None
