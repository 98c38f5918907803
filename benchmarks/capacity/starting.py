"""A worker on a big journal: how soon it advances what is due, and how much memory it takes."""

from __future__ import annotations

import time

from benchmarks.capacity.places import Place
from benchmarks.capacity.processes import ask, processor, resident, stub, worker
from benchmarks.capacity.rows import Row

__all__ = ["measure"]

_WORKS_FOR = 15
"""Seconds."""


def measure(journal: Place) -> list[Row]:
    """Start a worker, and look at the stub's first call and at its memory; the journal holds much that is due."""
    with stub() as url:
        started = time.time()
        with worker(journal, url) as process:
            while not ask(url, "/seen"):
                assert process.poll() is None, "the worker ended"
                time.sleep(0.02)
            used = processor(process.pid)
            first = min(ask(url, "/seen").values())
            time.sleep(_WORKS_FOR)
            memory, polled = resident(process.pid), len(ask(url, "/seen"))
    return [
        Row("from the start of a worker to the first due advance", first - started, "s", 2),
        Row("CPU that it has used by then", used, "s", note="what it takes on a machine that does nothing else"),
        Row("resident memory of a worker", memory, "MB", 300),
        Row("journeys that it polled meanwhile", polled / (time.time() - first), "a second"),
    ]
