"""The broker, as small as it can be: answers every call at once with the envelope that its caller expects.

``python -m benchmarks.services.stub_server LEAST MOST``: answers after LEAST to MOST milliseconds, prints its
port, and ends when its input does. ``GET /used`` tells how many calls it has answered and its own CPU seconds.
It stands on the standard library, and on ``asyncio.Protocol`` directly, so that it never is the bottleneck.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import threading
from functools import partial

_LOGIN = (
    b'{"data":{"userId":"7f6f3f52-6a0f-4c3a-9a0a-4f1a3a0d4c11","language":"en-US"},"mcode":"m0000000","result":true}'
)
_SUCCESS = b'{"mcode":"m0000000","result":true}'
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


def _answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


_ANSWERS = {b"POST /v1/api/user/login ": _answer(_LOGIN)}
_USUAL = _answer(_SUCCESS)


class Stub:
    """How it answers, and what it has answered.

    Args:
        least: seconds before an answer, at least.
        most: seconds before an answer, at most; each is drawn anew, from a seed that is always the same.
    """

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most
        self._rng = random.Random(4)
        self.calls = 0

    def delay(self) -> float:
        """Seconds before the next answer."""
        return self._rng.uniform(self._least, self._most) if self._most else 0.0

    def used(self) -> bytes:
        """How many calls were answered, and which CPU time that took."""
        spent = resource.getrusage(resource.RUSAGE_SELF)
        return _answer(json.dumps({"calls": self.calls, "cpu": spent.ru_utime + spent.ru_stime}).encode())


class Connection(asyncio.Protocol):
    """One connection, kept alive: requests come one after the other, in any pieces."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._held += data
        while (end := self._held.find(_END)) >= 0:
            head = self._held[:end].lower()
            whole = end + len(_END) + _length(head)
            if len(self._held) < whole:
                return
            line, self._held = self._held[:end].partition(b"HTTP/")[0], self._held[whole:]
            self._take(line)

    def _take(self, line: bytes) -> None:
        if line == b"GET /used ":
            self._transport.write(self._stub.used())
            return
        self._stub.calls += 1
        answer = _ANSWERS.get(line, _USUAL)
        if delay := self._stub.delay():
            asyncio.get_running_loop().call_later(delay, partial(self._write, answer))
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _length(head: bytes) -> int:
    at = head.find(_LENGTH)
    return int(head[at + len(_LENGTH) :].partition(b"\r\n")[0]) if at >= 0 else 0


async def serve(least: float, most: float) -> None:
    """Serve on a free port of the loopback interface until the input ends."""
    loop, stub, ended = asyncio.get_running_loop(), Stub(least, most), asyncio.Event()
    server = await loop.create_server(lambda: Connection(stub), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)

    def until_input_ends() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=until_input_ends, daemon=True).start()
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) / 1000, float(sys.argv[2]) / 1000))
