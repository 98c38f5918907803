"""What the benchmark runs on: enough to compare two reports, nothing that tells whose machine it is."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import statistics
import time
from pathlib import Path
from typing import Any

__all__ = ["described"]

_SYNCS = 50
_BLOCK = b"\0" * 4096


def described(folder: Path) -> dict[str, Any]:
    """Processor, cores, memory, versions, and what a synced write of 4 KiB into ``folder`` takes."""
    return {
        "processor": _first(Path("/proc/cpuinfo"), r"model name\s*:\s*(.+)") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(int(_first(Path("/proc/meminfo"), r"MemTotal:\s*(\d+)") or 0) / 1024**2),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sync_ms": round(_sync(folder), 3),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _first(file: Path, pattern: str) -> str | None:
    try:
        found = re.search(pattern, file.read_text("utf-8"))
    except OSError:
        return None
    return found[1] if found else None


def _sync(folder: Path) -> float:
    file, took = folder / "sync", []
    with file.open("wb") as written:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            written.write(_BLOCK)
            written.flush()
            os.fsync(written.fileno())
            took.append(time.perf_counter() - began)
    file.unlink()
    return statistics.median(took) * 1000
