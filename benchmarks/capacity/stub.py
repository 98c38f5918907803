"""The other side, as small as it can be: answers every call at once, and keeps a ledger of what was done.

``python -m benchmarks.capacity.stub`` serves on a free loopback port, prints it, and ends when its input ends.
``GET /ledger`` tells what was done more than once; ``GET /seen`` when each user's task was first asked for.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["Stub"]

REFUSED = "139"
"""Phone numbers that begin so are refused as not valid: their journeys park."""

_OK = b'{"mcode":"m0000000","result":true}'
_LOGIN = b'{"data":{"userId":"u"},"mcode":"m0000000","result":true}'
_TASK = b'{"data":{"id":"t","state":"PENDING"},"mcode":"m0000000","result":true}'
_NOT_VALID = b'{"status":400,"error":"bad request"}'
_WRONG = b'{"mcode":"m0009000","result":false}'


class Stub:
    """What was done, and the answers."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.seen: dict[str, float] = {}
        self.calls = 0
        self._codes = 0

    async def serve(self) -> tuple[asyncio.Server, str]:
        """Listen on a free port of the loopback interface; the server and its address."""
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)
        return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def answer(self, target: str, body: bytes) -> tuple[int, bytes]:  # noqa: PLR0911 - one for each path
        """The status and the body for one request."""
        place = urlsplit(target)
        path = place.path
        self.calls += path.startswith("/v1/")
        if path.endswith("/task/state"):
            self.seen.setdefault(path.split("/")[4], time.time())
            return 200, _TASK
        if path == "/v1/api/sys/mobile/code":
            asked = parse_qs(place.query)
            if asked["phone"][0].removeprefix("+86").startswith(REFUSED):
                return 400, _NOT_VALID
            self._codes += 1
            code = f"{self._codes % 1_000_000:06d}"
            return 200, json.dumps({"data": code, "mcode": "m0000000", "result": True}).encode()
        if path == "/v1/api/sys/phone/code/verify":
            asked = parse_qs(place.query)
            self.done["verify {} {}".format(asked["phone"][0], asked["code"][0])] += 1
            return 200, b'{"data":"ticket","mcode":"m0000000","result":true}'
        if path.startswith("/v1/api/user/pwd/reset/"):
            self.done["reset {}".format(unquote(path.split("/")[6]))] += 1
            return 200, _OK
        if path == "/v1/api/user/login":
            name = json.loads(body)["loginName"]
            return 200, _LOGIN if self.done[f"reset {name}"] else _WRONG
        if path == "/ledger":
            twice = sum(number > 1 for number in self.done.values())
            return 200, json.dumps({"calls": self.calls, "done": len(self.done), "twice": twice}).encode()
        if path == "/seen":
            return 200, json.dumps(self.seen).encode()
        return 404, b"{}"


class _Connection(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._left += data
        while (end := self._left.find(b"\r\n\r\n")) >= 0:
            head = self._left[:end]
            at = head.lower().find(b"content-length:")
            length = 0 if at < 0 else int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._left) < end + 4 + length:
                return
            body, self._left = self._left[end + 4 : end + 4 + length], self._left[end + 4 + length :]
            status, answer = self._stub.answer(head.split(b" ", 2)[1].decode(), body)
            self._transport.write(
                b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                % (status, len(answer), answer)
            )


async def _main() -> None:
    server, url = await Stub().serve()
    print(url, flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
