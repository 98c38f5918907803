"""What is seen of a verification: a bar a part in a terminal, a line a part elsewhere; then the summary."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from onboarding.cli.grid import Layout, print_grid
from onboarding.cli.output import clean, console_on

if TYPE_CHECKING:
    from onboarding.verify import PartResult, Report
    from onboarding.verify import Progress as Step

__all__ = ["Tally"]


class Tally:
    """Shows how far the parts are.

    Args:
        silent: shows nothing: a machine reads the report.
    """

    def __init__(self, *, silent: bool = False) -> None:
        console = console_on()
        self._lines = not silent and not console.is_terminal
        self._console = console
        self._guard = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[found]}"), console=console, disable=silent or self._lines, transient=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def progress(self, step: Step) -> None:
        """A part has come further."""
        with self._guard:
            self._progress.update(self._task(step.part), completed=step.done, total=max(step.total, step.done, 1))

    def ended(self, result: PartResult) -> None:
        """A part has ended."""
        with self._guard:
            self._progress.update(
                self._task(result.part), completed=result.cases, total=max(result.cases, 1), found=_verdict(result)
            )
            if self._lines:
                text = f"{result.part}: {result.cases:,} cases in {result.seconds:.1f} s: {_verdict(result)}"
                self._console.print(text, markup=False)

    def _task(self, part: str) -> TaskID:
        if part not in self._tasks:
            self._tasks[part] = self._progress.add_task(part, total=None, found="")
        return self._tasks[part]

    def summary(self, report: Report, places: tuple[Path, Path]) -> None:
        """Everything that was done and found."""
        rows = [
            {
                "part": part.part, "result": "ok" if part.passed else "problem", "cases": f"{part.cases:,}",
                "seconds": f"{part.seconds:.1f}",
                "in them": ", ".join(
                    f"{number:,} {what}" for what, number in part.counts.items() if not what.startswith("(")
                ),
                "not tried here": "; ".join(part.skipped),
            }
            for part in report.parts
        ]  # fmt: skip
        below = ("not tried here",)
        print_grid([Layout(("part", "result", "cases", "seconds", "in them"), below=below, wraps=30)], rows)
        for part in report.parts:
            for finding in part.findings:
                self._console.print(clean(f"\n{part.part}: {finding.case}: {finding.what}"), markup=False)
                self._console.print(f"  again: {report.again(part.part, finding.case)}", markup=False, soft_wrap=True)
        word = "every promise held" if report.passed else "not every promise held"
        self._console.print(
            f"\n{word}, seed {report.seed}; the report: {places[1]} and {places[0].name}", markup=False, soft_wrap=True
        )


def _verdict(result: PartResult) -> str:
    if result.passed:
        return "every promise held"
    return f"{len(result.findings)} found" if result.findings else "nothing was tried"
