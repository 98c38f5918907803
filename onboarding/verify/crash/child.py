"""Processes of the verifier's own, forked off one that has neither threads nor an event loop."""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["BrokeOff", "Child", "fork", "in_child", "side_by_side"]

T = TypeVar("T")
R = TypeVar("R")

_LIFE = 60
"""Seconds that a process may live."""


@dataclass(frozen=True, slots=True)
class BrokeOff:
    """Why nothing came of something that a child was to do."""

    why: str


@dataclass(frozen=True, slots=True)
class Child(Generic[R]):
    """A process that was forked off, and the pipe into which it writes what came of its work."""

    process: int
    pipe: int

    def wait(self) -> tuple[int, R | None]:
        """Wait until it has ended.

        Returns:
            Its exit code (negative: the signal that ended it), and what came of it.
        """
        with os.fdopen(self.pipe, "rb") as source:
            told = source.read()
        return self.reap(told)

    def reap(self, told: bytes) -> tuple[int, R | None]:
        """The same for what was read from its pipe to the end."""
        _, status = os.waitpid(self.process, 0)
        code = os.waitstatus_to_exitcode(status)
        return code, pickle.loads(told) if code == 0 else None  # noqa: S301 - from our own child


def fork(work: Callable[[], R], *, life: int = _LIFE) -> Child[R]:
    """Do something in a process of its own, which lives so many seconds at most."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return Child(process, reading)
    status = 1
    try:
        os.close(reading)
        signal.alarm(life)
        with os.fdopen(writing, "wb") as out:
            out.write(pickle.dumps(work()))
        status = 0
    except BaseException:  # noqa: BLE001 - it must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(status)


def in_child(work: Callable[[], R], *, life: int = 20) -> tuple[int, R | None]:
    """Do something in a process of its own and wait for it: its exit code, and what came of it."""
    return fork(work, life=life).wait()


def side_by_side(tasks: Sequence[T], work: Callable[[T], R], width: int) -> Iterator[tuple[T, R | BrokeOff]]:
    """Do each task in a process of its own, so many at once; each with what came of it, as they end."""
    waiting = list(reversed(tasks))
    running = selectors.DefaultSelector()
    while waiting or running.get_map():
        while waiting and len(running.get_map()) < width:
            task = waiting.pop()
            child = fork(_bound(work, task))
            running.register(child.pipe, selectors.EVENT_READ, (task, child, bytearray()))
        for key, _ in running.select():
            task, child, told = key.data
            piece = os.read(key.fd, 1 << 16)
            told += piece
            if not piece:
                running.unregister(key.fd)
                os.close(key.fd)
                code, result = child.reap(bytes(told))
                yield task, BrokeOff(f"its process ended with {code}") if code else result


def _bound(work: Callable[[T], R], task: T) -> Callable[[], R]:
    return lambda: work(task)
