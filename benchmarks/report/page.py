"""The page of the documentation, made from the results: it says nothing that they do not."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from benchmarks.contenders.catalogue import CONTENDERS
from benchmarks.report import figures
from benchmarks.results import Measured, Results
from benchmarks.rows import Row

__all__ = ["write"]

_PROGRAMS = Path(__file__).parents[1] / "contenders"

_HEAD = """\
# Performance

<!-- Made by `python3 do.py bench` from results.json: what is changed here by hand is lost. -->

`python3 do.py bench` measures all of this again on your machine. The work is the same for everybody: a journey of
four POST requests to a local stub of the broker. Every contender runs in a fresh process, in an environment of its own,
with the versions below; all take turns, round by round, so that what disturbs one disturbs the next one too. Figures
are medians over the rounds; a ratio is the median of the rounds' ratios. Read the ratios: the rest is this machine's.

Figures, round by round: [results.json](results.json). Where the time goes: [the profile](profile.md).
"""
_HOW = """\
## How it is measured

- **The stub** is a process of its own: an `asyncio.Protocol` that answers with the broker's envelope and keeps
  connections alive. Its share of a core is in the tables (*stub busy*). It counts calls: a run that made more or fewer
  does not count.
- **CPU ms a journey** is the user and system time of the contender's process with all its threads. The time of a
  database's or of Temporal's server is not in it.
- **Durable** contenders use what their own defaults give: SQLite syncs each commit, PostgreSQL too. Ours seals
  its data (authenticated encryption) beside.
- **Peers** call through httpx2, whose pool is quicker than that of httpx 0.28, so that none is held back by it.
- A contender that cannot be installed or run is named with the reason, and has no figures.
"""


def write(results: Results, rows: dict[str, Row], targets: list[dict[str, Any]], *, profile: bool) -> str:
    """The page in Markdown.

    Args:
        results: what was measured.
        rows: the rows that there are, for their ratios.
        targets: as they were judged.
        profile: whether there is a page of that name to refer to.
    """
    head = _HEAD if profile else _HEAD.replace(" Where the time goes: [the profile](profile.md).", "")
    parts = [head]
    if any(row.quick for row in results.rows.values()):
        parts.append(
            "!!! warning\n    A quick run: few journeys, to see that everything runs. Its figures say no more.\n"
        )
    if "journeys" in results.rows:
        parts.append("![Journeys a second of every contender](results.svg)\n")
    parts += ["## What must be reached\n", _targets(targets)]
    for name, row in results.rows.items():
        parts += [f"## {name.capitalize()}\n", f"{row.about}\n", _table(row, rows.get(name)), _when(row)]
    parts += [_HOW, "## Who takes part\n", _contenders(), _versions(results)]
    return "\n".join(parts)


def _targets(targets: list[dict[str, Any]]) -> str:
    lines = ["| | what | must reach | measured | reached |", "| --- | --- | ---: | ---: | --- |"]
    for target in targets:
        measured, met = figures.value(target["measured"]), figures.mark(target["met"])
        lines.append(f"| {target['line']} | {target['says']} | {target['wanted']} | {measured} | {met} |")
    return "\n".join([*lines, ""])


def _table(measured: Measured, row: Row | None) -> str:
    shown, ratios = figures.columns(measured), row.ratios if row else ()
    headings = [*(figures.figure(each).heading for each in shown), *(heading for heading, _, _ in ratios)]
    lines = [f"| | {' | '.join(headings)} |", f"| --- |{' ---: |' * len(headings)}"]
    for who, entry in measured.entries.items():
        if entry.rounds:
            cells = [figures.value(entry.median(each), each) for each in shown]
            cells += [figures.ratio(measured.ratio(each, who, against)) for _, each, against in ratios]
            lines.append(f"| {entry.about} | {' | '.join(cells)} |")
    missing = [f"- {entry.about}: {entry.skipped}" for entry in measured.entries.values() if entry.skipped]
    return "\n".join([*lines, "", *(["Not measured, or not in every round:", "", *missing, ""] if missing else [])])


def _when(row: Measured) -> str:
    rounds = max((len(entry.rounds) for entry in row.entries.values()), default=0)
    where = f", {figures.machine(row.machine)}" if row.machine else ""
    return f"*{row.at}, {rounds} rounds, {row.seconds:.0f} s{where}.*\n"


def _contenders() -> str:
    lines = []
    for program in dict.fromkeys(contender.program for contender in CONTENDERS.values()):
        words = ast.get_docstring(ast.parse((_PROGRAMS / f"{program}.py").read_text("utf-8"))) or ""
        paragraphs = [" ".join(part.split()) for part in words.split("\n\n") if not part.startswith("Options:")]
        lines.append(f"- {' '.join(paragraphs)}".replace("``", "`"))
    return "\n".join([*lines, ""])


def _versions(results: Results) -> str:
    pinned = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return f"Versions: {pinned}.\n"
