"""The results in a terminal: a table a row, then the targets."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.report import figures
from benchmarks.results import Measured, Results
from benchmarks.rows import Row

__all__ = ["show"]

_COLOURS = {True: "green", False: "red", None: "yellow"}


def show(results: Results, rows: dict[str, Row], targets: list[dict[str, Any]], console: Console) -> None:
    """Print everything that was measured, and what it says about the targets."""
    for name in results.rows:
        console.print(f"\n[bold]{name}[/]: {results.rows[name].about}")
        console.print(_row(results.rows[name], rows.get(name)))
        for entry in results.rows[name].entries.values():
            if entry.skipped:
                console.print(f"not measured, or not in every round: {entry.about}: {entry.skipped}", markup=False)
    console.print("\n[bold]What must be reached[/]")
    table = Table()
    for heading in ("", "what", "must reach", "measured", "reached"):
        table.add_column(heading, justify="right" if heading in ("must reach", "measured") else "left")
    last = ""
    for target in targets:
        line = "" if target["line"] == last else target["line"]
        last = target["line"]
        met = f"[{_COLOURS[target['met']]}]{figures.mark(target['met'])}[/]"
        table.add_row(line, target["says"], target["wanted"], figures.value(target["measured"]), met)
    console.print(table)
    if any(row.quick for row in results.rows.values()):
        console.print("A quick run: few journeys, to see that everything runs. Its figures say no more.")


def _row(measured: Measured, row: Row | None) -> Table:
    table = Table()
    table.add_column("", overflow="fold")
    shown, ratios = figures.columns(measured), row.ratios if row else ()
    for heading in [*(figures.figure(each).heading for each in shown), *(heading for heading, _, _ in ratios)]:
        table.add_column(heading, justify="right")
    for who, entry in measured.entries.items():
        if entry.rounds:
            cells = [figures.value(entry.median(each), each) for each in shown]
            cells += [figures.ratio(measured.ratio(each, who, against)) for _, each, against in ratios]
            table.add_row(entry.about, *cells)
    return table
