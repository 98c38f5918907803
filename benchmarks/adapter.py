"""What one call costs: CPU of the client's process and time, over each way out, side by side in one run.

python -m benchmarks.adapter [--library httpx --library httpx2] [--calls 2000] [--rounds 5] [--only adapter] [--json]

The other side is a stub in a process of its own. Rounds of all ways are interleaved; the figures are their medians.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.contenders.calls import HEADERS, TENANT, TOKEN

PHONE, CODE = "+8615900000000", "123456"
TARGET = f"/v1/api/sys/phone/code/verify?phone=%2B{PHONE[1:]}&code={CODE}"
BODY = b'{"result":true,"mcode":"m0000000","data":"0f0c4d5e-ticket"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CONCURRENCIES = (50, 1)
WARM_UP = 100

OneCall = Callable[[], Awaitable[object]]


class Stub(asyncio.Protocol):
    """Answers every request without a body at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self.transport: Any = transport
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        """One answer for each head that is complete."""
        *heads, self.waiting = (self.waiting + data).split(b"\r\n\r\n")
        self.transport.write(ANSWER * len(heads))


async def serve() -> None:
    """Listen on a free port of loopback and print it."""
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _bare(library: Any, url: str) -> tuple[OneCall, Any]:
    client = library.AsyncClient(headers=HEADERS, limits=library.Limits(max_connections=50))
    return _getting(client, url), client


def _bare_over_pool(library: Any, url: str) -> tuple[OneCall, Any]:
    client = library.AsyncClient(headers=HEADERS, transport=_pool(library, url))
    return _getting(client, url), client


def _transport(library: Any, url: str) -> tuple[OneCall, Any]:
    pool = _pool(library, url)
    limits = dict.fromkeys(("connect", "read", "write"), 5.0)

    async def call() -> object:
        request = library.Request("GET", url + TARGET, headers=HEADERS, extensions={"timeout": limits})
        response = await pool.handle_async_request(request)
        return json.loads(await response.aread())["data"]

    return call, pool


def _adapter(library: Any, url: str) -> tuple[OneCall, Any]:
    from onboarding.api import AccountApi, transport

    # As where only this library is installed.
    transport.preferred_library = lambda: library  # type: ignore[attr-defined]
    api = AccountApi(url, tenant_id=TENANT, token=TOKEN, pool_size=50)
    return lambda: api.verify_mobile_code(PHONE, CODE), api


def _adapter_over_client(library: Any, url: str) -> tuple[OneCall, Any]:
    from onboarding.api import AccountApi

    client = library.AsyncClient(limits=library.Limits(max_connections=50))
    api = AccountApi(url, tenant_id=TENANT, token=TOKEN, pool_size=50, client=client)
    return lambda: api.verify_mobile_code(PHONE, CODE), client


WAYS: dict[str, Callable[[Any, str], tuple[OneCall, Any]]] = {
    "bare client, its own pool": _bare,
    "bare client, our pool": _bare_over_pool,
    "bare transport, our pool": _transport,
    "adapter": _adapter,
    "adapter, a client handed in": _adapter_over_client,
}


def _pool(library: Any, url: str) -> Any:
    from onboarding.api.pool import make_pool

    return make_pool(library, url, keep_alive=5.0, context=library.create_ssl_context())


def _getting(client: Any, url: str) -> OneCall:
    async def call() -> object:
        return (await client.get(url + TARGET)).json()["data"]

    return call


async def _one_round(call: OneCall, calls: int, in_flight: int) -> tuple[float, float]:
    """Microseconds of CPU and of time a call."""
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(call() for _ in range(in_flight)))
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return (time.process_time() - cpu) / calls * 1e6, (time.perf_counter() - wall) / calls * 1e6


async def measure(library: Any, url: str, ways: list[str], calls: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each way and number of calls in flight."""
    made = {way: WAYS[way](library, url) for way in ways}
    seen: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for call, _ in made.values():
        for _ in range(WARM_UP):
            await call()
    for _ in range(rounds):
        for in_flight in CONCURRENCIES:
            for way, (call, _) in made.items():
                few = calls if in_flight > 1 else calls // 2
                seen[way, in_flight].append(await _one_round(call, few, in_flight))
    for _, closing in made.values():
        await closing.aclose()
    return [
        {
            "library": library.__name__,
            "way": way,
            "in_flight": in_flight,
            "cpu_us": round(statistics.median(cpu for cpu, _ in found)),
            "wall_us": round(statistics.median(wall for _, wall in found)),
        }
        for (way, in_flight), found in seen.items()
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--library", action="append", choices=["httpx", "httpx2"])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=list(WAYS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    rows: list[dict[str, Any]] = []
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.adapter", "--serve"], stdout=subprocess.PIPE, text=True
    ) as stub:
        try:
            assert stub.stdout is not None
            url = f"http://127.0.0.1:{int(stub.stdout.readline())}"
            for name in given.library or ["httpx", "httpx2"]:
                library = importlib.import_module(name)
                rows += asyncio.run(measure(library, url, given.only or list(WAYS), given.calls, given.rounds))
        finally:
            stub.terminate()
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    for row in sorted(rows, key=lambda row: (row["library"], -row["in_flight"])):
        print("{library:7} {in_flight:3} in flight  {way:28} {cpu_us:6} µs CPU {wall_us:6} µs a call".format(**row))


if __name__ == "__main__":
    main()
