"""``python3 do.py bench``: measure, print, and write the results down."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import rows as all_rows
from benchmarks.bench import Bench, Options
from benchmarks.environments import FOLDER, ROOT, versions
from benchmarks.machine import described
from benchmarks.report import page, picture, table
from benchmarks.results import Measured, Results
from benchmarks.rows import Row
from benchmarks.targets import judged

PUBLISHED = ROOT / "docs" / "performance"
LAST = FOLDER / "last"


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; 0 when it was measured, whatever the figures say."""
    rows = all_rows.every()
    asked = _parser(rows).parse_args(arguments)
    chosen = {name: row for name, row in rows.items() if not asked.only or name in asked.only}
    options = Options(asked.rounds or (1 if asked.quick else 5), asked.quick, not asked.without_peers)
    whole = not (asked.quick or asked.only or asked.without_peers)
    into = asked.into or (PUBLISHED if whole else LAST)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    # Rows that are not measured now stay as they were: each says when it was measured.
    results = Results.read(into / "results.json")
    results.versions = versions()
    with Bench.opened(options) as bench:
        for name, row in chosen.items():
            bench.say(f"{name}: {row.about}")
            results.rows[name] = _measured(bench, row)
            _write(results, rows, into)
    shown = Results({name: results.rows[name] for name in chosen}, results.versions)
    table.show(
        shown,
        rows,
        [target for target in judged(results.rows) if target["row"] in chosen or not asked.only],
        Console(width=None if sys.stdout.isatty() else 200),
    )
    print(f"written to {into.relative_to(ROOT) if into.is_relative_to(ROOT) else into}")
    return 0


def _parser(rows: dict[str, Row]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="do.py bench",
        description="Measure this package side by side with others.",
        epilog="Rows: " + "; ".join(f"{name}: {row.about}" for name, row in rows.items()),
    )
    parser.add_argument("--quick", action="store_true", help="few journeys, one round: to see that everything runs")
    parser.add_argument("--only", nargs="+", choices=list(rows), metavar="ROW", help="only these rows")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each contender runs (5; quick: 1)")
    parser.add_argument("--without-peers", action="store_true", help="leave other projects out")
    parser.add_argument(
        "--into", type=Path, metavar="FOLDER",
        help="where results are written (a whole run: docs/performance, any other: .bench/last); "
        "rows that are there and not measured now are kept",
    )  # fmt: skip
    return parser


def _measured(bench: Bench, row: Row) -> Measured:
    machine, began = described(bench.scratch), time.monotonic()
    entries = row.run(bench)
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Measured(row.about, entries, at, round(time.monotonic() - began, 1), bench.options.quick, machine)


def _write(results: Results, rows: dict[str, Row], into: Path) -> None:
    """Write everything after each row: what was measured is kept, whatever becomes of the next one."""
    results.rows = {name: results.rows[name] for name in [*rows, *results.rows] if name in results.rows}
    targets = judged(results.rows)
    results.write(into / "results.json", targets)
    profile = (into / "profile.md").exists()
    (into / "index.md").write_text(page.write(results, rows, targets, profile=profile), "utf-8")
    if "journeys" in results.rows:
        (into / "results.svg").write_text(picture.draw(results.rows["journeys"]), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
