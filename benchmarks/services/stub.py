"""The stub in a process of its own, started and asked from here."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["StubProcess", "stub"]

ROOT = Path(__file__).parents[2]
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class StubProcess:
    """A stub that runs.

    Attributes:
        port: on the loopback interface.
    """

    port: int

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def used(self) -> tuple[int, float]:
        """How many calls it has answered, and its CPU seconds so far."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request("GET", "/used")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return int(answer["calls"]), float(answer["cpu"])


@contextmanager
def stub(least: float = 0, most: float = 0) -> Iterator[StubProcess]:
    """A stub that answers after ``least`` to ``most`` milliseconds."""
    argv = [sys.executable, "-m", "benchmarks.services.stub_server", str(least), str(most)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield StubProcess(int(process.stdout.readline()))
    finally:
        process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
