"""Telling a person how a journey goes: lines as they happen, below them, on a terminal, what is going on now."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from onboarding.cli.output import STYLES, clean, console_on, length, moment

if TYPE_CHECKING:
    from rich.status import Status as Spinner

    from onboarding.engine import Journey
    from onboarding.journal import TransitionRecord

__all__ = ["Narrator"]

_MARGIN = 10
"""Characters in front of a transition: its time."""


class Narrator:
    """Shows the transitions of one journey.

    Args:
        stream: where to; standard error where the result on standard output is JSON.
    """

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdout
        self._console = console_on(self._stream)
        self._spinner: Spinner | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.quiet()

    def line(self, text: str, style: str = "") -> None:
        """Show a line."""
        self._console.print(clean(text), style=style, markup=False)

    def row(self, record: TransitionRecord) -> None:
        """Show a transition."""
        from rich.cells import cell_len
        from rich.text import Text

        from onboarding.cli.grid import width_of, wrapped

        moved = record.source != record.dest
        text = Text(f"{moment(record.at)}  ", style="dim")
        text.append(f"{record.source or '·'} -> {record.dest}" if moved else record.dest, style="bold")
        text.append(f"  {record.trigger}", style="cyan")
        if record.duration is not None:
            text.append(f"  {length(record.duration)}", style="dim")
        if record.mcode is not None:
            text.append(f"  {clean(record.mcode)}", style="dim")
        note = f"({clean(record.detail)})" if record.detail else ""
        width = width_of(self._console)
        if not note or width is None or cell_len(f"{text.plain}  {note}") <= width:
            text.append(f"  {note}" if note else "", style="dim")
            self._console.print(text)
            return
        self._console.print(text)
        for line in wrapped(note, width - _MARGIN):
            self._console.print(Text(f"{' ' * _MARGIN}{line}", style="dim"))

    def now(self, journey: Journey) -> None:
        """Show, on a terminal, what is going on."""
        if not self._stream.isatty():
            return
        doing = f"{journey.state.replace('_', ' ')}{' (in doubt: finding out)' if journey.in_doubt else ''}"
        if self._spinner is None:
            self._spinner = self._console.status(doing)
            self._spinner.start()
        else:
            self._spinner.update(doing)

    def quiet(self) -> None:
        """Leave the terminal to somebody else."""
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def rest(self, journey: Journey) -> None:
        """Say how the journey stands, now that it does not go on by itself."""
        self.quiet()
        style = STYLES[journey.status.value]
        if journey.outcome is not None:
            said = [journey.outcome.text, journey.outcome.vendor_text if not journey.outcome.ended_well else None]
            words = ": ".join(part for part in said if part)
            self.line(f"{journey.status.value}: {journey.state}" + (f": {words}" if words else ""), style)
        elif journey.parked is not None:
            self.line(f"parked in {journey.state}: {journey.parked.reason}", style)
            self.line(f"it needs: {journey.parked.needs}")
        elif journey.accepts and journey.due is not None:
            inputs = " or ".join(journey.accepts)
            self.line(f"waiting in {journey.state} for {inputs}, until {moment(journey.due)}", style)
        else:
            self.line(f"{journey.status.value} in {journey.state}", style)
