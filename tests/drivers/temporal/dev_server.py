"""The real Temporal server, on free ports of the loopback, with its state in a file; and a worker process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

from onboarding import Settings

__all__ = ["PATIENCE", "DevServer", "WorkerProcess", "free_port", "until"]

PATIENCE = 180.0
_PROGRAM = Path(sys.executable).with_name("temporal")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def until(happened: Callable[[], Awaitable[object]]) -> None:
    """Ask again and again, of what tells nobody by itself."""
    async with asyncio.timeout(PATIENCE):
        while not await happened():  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.05)


class DevServer:
    """``temporal server start-dev``: it can be killed, and started again with what it has kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        ports = {"--port": self.port, "--http-port": free_port(), "--metrics-port": free_port()}
        self._process = subprocess.Popen(
            [_PROGRAM, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error",
             "--db-filename", self.folder / "temporal.db", *(str(part) for pair in ports.items() for part in pair)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TEMPORAL_VERSION_CHECK_DISABLED": "1"},
        )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, "the server has ended"
            assert time.monotonic() < until
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Lose all that was kept."""
        for file in self.folder.glob("temporal.db*"):
            file.unlink()

    def kept(self) -> bytes:
        """Every byte that it has written."""
        found = []
        for file in sorted(self.folder.glob("temporal.db*")):
            with contextlib.suppress(FileNotFoundError):  # its journal comes and goes
                found.append(file.read_bytes())
        return b"".join(found)

    def _answers(self) -> bool:
        check = [_PROGRAM, "operator", "cluster", "health", "--address", self.address]
        return subprocess.run(check, capture_output=True, check=False).returncode == 0


class WorkerProcess:
    """``onboarding worker --temporal`` in a process of its own."""

    def __init__(self, settings: Settings, *arguments: str) -> None:
        assert settings.temporal_address is not None
        given = {
            "base_url": settings.base_url, "tenant_id": "T001117", "api_token": "sandbox-token",
            "journal": settings.journal_url, "landing_delay": "0.2s", "cooldown": "0s", "poll_every": "0.1s",
        }  # fmt: skip
        if settings.keys:
            given["keys"] = settings.keys[0].get_secret_value()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "onboarding", "worker", "--temporal", settings.temporal_address, *arguments],
            env={**os.environ, **{f"ONBOARDING_{name.upper()}": value for name, value in given.items()}},
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def until_it_says(self, words: str) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.said.append(line)
            if words in line:
                return
        raise AssertionError(f"it ended without {words!r}: {self.said}")

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def kill(self) -> None:
        """Let no line of it run any more."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def stop(self) -> int:
        """Tell it to stop; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        self.said += self._process.communicate(timeout=PATIENCE)[1].splitlines()
        return self._process.returncode
