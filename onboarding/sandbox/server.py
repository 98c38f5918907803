"""The sandbox over real HTTP: in a thread beside a test, or as a program of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from onboarding.errors import MissingExtra, SettingsError
from onboarding.sandbox.app import create_app
from onboarding.sandbox.config import SandboxConfig
from onboarding.sandbox.connections import Connections
from onboarding.sandbox.core import Sandbox

try:
    import uvicorn
except ImportError:
    raise MissingExtra("sandbox", "the sandbox") from None

__all__ = ["SandboxServer", "serve"]

_LAST_PORT = 65_535
_PATIENCE = 10.0  # seconds that a start or a stop may take before it is an error


class _Server(uvicorn.Server):
    """uvicorn that says when it listens, cuts what hangs when it stops, and returns from a signal."""

    def __init__(self, sandbox: Sandbox, on_ready: Callable[[], None]) -> None:
        self._open = Connections()
        self._on_ready = on_ready
        super().__init__(
            uvicorn.Config(
                self._open.wrap(create_app(sandbox)),
                http=self._open.protocol(),
                ws="none",
                lifespan="off",
                loop="asyncio",
                access_log=False,  # addresses hold phone numbers and codes
                log_config=None,
                log_level="error",
                proxy_headers=False,  # the client's address names the connection
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._open.cut_all()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM and return: uvicorn's own would raise the signal again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class SandboxServer:
    """A sandbox that serves on a free port of the loopback interface while the ``with`` block runs.

    The block's thread talks to it over HTTP, best through :class:`onboarding.sandbox.SandboxDesk`.
    ``sandbox`` belongs to the server's thread: read it when nothing is in flight, after
    ``sandbox.settle()``.

    Args:
        sandbox: the sandbox to serve; a new one without.
        config: the new one's settings.
    """

    def __init__(self, sandbox: Sandbox | None = None, config: SandboxConfig | None = None) -> None:
        if sandbox is not None and config is not None:
            raise SettingsError("give SandboxServer a sandbox or a config: a sandbox has its config already")
        self.sandbox = sandbox or Sandbox(config)
        self.url = ""

    def __enter__(self) -> Self:
        listener = _listen("127.0.0.1", 0)
        ready = threading.Event()
        self._server = _Server(self.sandbox, ready.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="onboarding-sandbox", daemon=True
        )
        self.url = _url(listener)
        self._thread.start()
        if not ready.wait(_PATIENCE):
            self._server.should_exit = True
            listener.close()
            raise SettingsError("the sandbox did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the sandbox did not stop"


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    config: SandboxConfig | None = None,
    *,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a new sandbox until SIGINT or SIGTERM, then return.

    Args:
        host: the address to listen on. The desk has no credentials: stay on loopback on a shared net.
        port: the port; 0 takes a free one.
        config: the sandbox's settings.
        on_ready: called once with the base URL when it answers.

    Raises:
        SettingsError: the address cannot be listened on.
    """
    listener = _listen(host, port)
    url = _url(listener)
    _Server(Sandbox(config), lambda: on_ready(url) if on_ready else None).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket: its port is known and taken before anybody is told."""
    if not 0 <= port <= _LAST_PORT:
        raise SettingsError(f"the sandbox cannot listen on port {port}: a port is 0 to {_LAST_PORT}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        # The sentence of a failed bind repeats the address.
        known = error.errno is not None and error.errno > 0
        reason = os.strerror(error.errno or 0) if known else error.strerror
    raise SettingsError(
        f"the sandbox cannot listen on {host} port {port}: {reason}; give another port, or 0 for a free one"
    )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
