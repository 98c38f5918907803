"""What must be reached, line by line as it was asked for, and whether it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.results import Measured

__all__ = ["LINES", "TARGETS", "Target", "judged"]

LINES = (
    "durable journeys",
    "one at a time",
    "peers",
    "commits",
    "parked or polling journeys",
    "after kill -9",
    "polling",
    "start-up",
    "growth",
)
"""The lines of the task's table, in its order."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be reached.

    Attributes:
        line: which one of ``LINES`` asks for it.
        says: what is compared, in words.
        row: where it is measured.
        contender: whose figure counts.
        figure: which figure.
        bound: what it must reach.
        at_least: whether more is better; otherwise it must not be above.
        against: the contender whose figure divides it; without, the figure itself counts.
        unit: of the bound.
    """

    line: str
    says: str
    row: str
    contender: str
    figure: str
    bound: float
    at_least: bool = True
    against: str = ""
    unit: str = "×"

    @property
    def wanted(self) -> str:
        """The bound as people write it."""
        return f"{'≥' if self.at_least else '≤'} {self.bound:g} {self.unit}".strip()

    def value(self, rows: dict[str, Measured]) -> float | None:
        """What was measured; None: it was not."""
        row = rows.get(self.row)
        if row is None:
            return None
        if self.against:
            return row.ratio(self.figure, self.contender, self.against)
        entry = row.entries.get(self.contender)
        return None if entry is None else entry.median(self.figure)

    def met(self, rows: dict[str, Measured]) -> bool | None:
        """Whether it is reached; None: nobody knows."""
        value = self.value(rows)
        if value is None:
            return None
        return value >= self.bound if self.at_least else value <= self.bound


def judged(rows: dict[str, Measured]) -> list[dict[str, Any]]:
    """Every target with what was measured, as plain data."""
    return [
        {
            "line": target.line, "says": target.says, "row": target.row, "wanted": target.wanted,
            "measured": target.value(rows), "met": target.met(rows),
        }
        for target in TARGETS
    ]  # fmt: skip


def _speed(line: str, says: str, ours: str, theirs: str, bound: float) -> Target:
    return Target(line, says, "journeys", ours, "journeys_per_s", bound, against=theirs)


def _at_most(
    line: str, says: str, row: str, contender: str, figure: str, bound: float, unit: str, against: str = ""
) -> Target:
    return Target(line, says, row, contender, figure, bound, at_least=False, against=against, unit=unit)


def _capacity(backend: str, on: str) -> tuple[Target, ...]:
    line, row = LINES[4], "capacity"
    return (
        _at_most(line, f"1,000,000 journeys {on}: memory of a worker", row, backend, "resident_mb", 300, "MB"),
        _at_most(line, f"1,000,000 journeys {on}: to the first due advance", row, backend, "first_advance_s", 2, "s"),
        _at_most(line, f"1,000,000 journeys {on}: claim of 500 due", row, backend, "claim_ms", 20, "ms"),
        _at_most(line, f"1,000,000 journeys {on}: list by state", row, backend, "list_ms", 50, "ms"),
        _at_most(line, f"1,000,000 journeys {on}: the slowest list", row, backend, "slowest_list_ms", 50, "ms"),
        _at_most(line, f"1,000,000 journeys {on}: count by state", row, backend, "count_ms", 50, "ms"),
    )


def _live(backend: str, on: str) -> tuple[Target, ...]:
    line = LINES[5]
    return (
        _at_most(line, f"100,000 live {on}: seconds until all are resumed", "kill", backend, "resumed_s", 30, "s"),
        _at_most(line, f"100,000 live {on}: done twice", "kill", backend, "twice", 0, ""),
    )


def _polls(backend: str, on: str) -> Target:
    says = f"100,000 watches {on} at 200 polls/s: lag, p99"
    return _at_most(LINES[6], says, "polling", backend, "lag_p99_s", 1, "s")


def _grows(backend: str, on: str) -> Target:
    says = f"cost of a journey {on}, 1,000,000 stored against 1"
    return _at_most(LINES[8], says, "growth", backend, "growth", 1.1, "×")


_SQLITE, _FAST, _POSTGRES = "onboarding-sqlite", "onboarding-sqlite-fast", "onboarding-postgres"

TARGETS = (
    _speed(LINES[0], "journeys/s against bare httpx 0.28", _SQLITE, "bare-httpx", 2),
    _speed(LINES[0], "journeys/s against it where it does best, 10 requests at once", _SQLITE, "bare-httpx-few", 2),
    _speed(LINES[0], "journeys/s with the extras against bare httpx 0.28", _FAST, "bare-httpx", 2.4),
    _speed(LINES[0], "journeys/s against the bare script on the adapter's pool", _SQLITE, "bare-adapter", 0.87),
    _at_most(
        LINES[0], "CPU with jittered answers against the bare script on the adapter's pool",
        "jittered", _SQLITE, "cpu_ms", 1.25, "×", "bare-adapter",
    ),
    _at_most(
        LINES[1], "CPU against the bare script on the adapter's pool",
        "alone", _SQLITE, "cpu_ms", 1.3, "×", "bare-adapter",
    ),
    _speed(LINES[2], "against DBOS, both on SQLite", _SQLITE, "dbos-sqlite", 10),
    _speed(LINES[2], "against DBOS on SQLite set to WAL", _SQLITE, "dbos-wal", 10),
    _speed(LINES[2], "against DBOS, both on PostgreSQL", _POSTGRES, "dbos-postgres", 10),
    _speed(LINES[2], "against Temporal's dev server", _SQLITE, "temporal", 15),
    _speed(LINES[2], "against Temporal's dev server, local activities", _SQLITE, "temporal-local", 15),
    _speed(LINES[2], "against LangGraph with SQLite", _SQLITE, "langgraph", 1),
    _speed(LINES[2], "against Burr with SQLite", _SQLITE, "burr", 1),
    _speed(LINES[2], "against Procrastinate, both on PostgreSQL", _POSTGRES, "procrastinate", 1),
    Target(LINES[3], "rows a commit at 50 in flight", "journeys", _SQLITE, "rows_per_commit", 20, unit="rows"),
    _at_most(
        LINES[3], "rows a journey: its start, and one a step", "journeys", _SQLITE, "rows_per_journey", 5, "rows"
    ),
    *_capacity("sqlite", "in SQLite"),
    *_capacity("postgres", "in PostgreSQL"),
    *_live("sqlite", "in SQLite"),
    *_live("postgres", "in PostgreSQL"),
    _polls("sqlite", "in SQLite"),
    _polls("postgres", "in PostgreSQL"),
    _at_most(LINES[7], "`import onboarding`", "startup", "import", "seconds", 0.15, "s"),
    _at_most(LINES[7], "`onboarding --help`", "startup", "help", "seconds", 0.35, "s"),
    _grows("sqlite", "in SQLite"),
    _grows("postgres", "in PostgreSQL"),
)  # fmt: skip
"""Everything to be reached. Rows that are not measured (yet) leave theirs open."""
