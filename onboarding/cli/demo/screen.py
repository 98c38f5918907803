"""What is seen of the demo: in a terminal a row a journey, which lives; elsewhere a line a transition."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich import box
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from onboarding.cli.grid import labelled, width_of, wrapped
from onboarding.cli.output import STYLES, clean, console_on, length

if TYPE_CHECKING:
    from onboarding.cli.demo.cast import Role
    from onboarding.journal import Head, TransitionRecord

__all__ = ["Row", "Screen"]

_LEGEND = "the bar: how far along the shortest way to its good end;  ?: in doubt, and finding out"
_REFRESH = 12
_ROOMY = 90
"""So wide is a terminal in which there is room for what a step noted."""
_MARGIN = 9
"""Characters in front of what is said: the time."""


@dataclass(slots=True)
class Row:
    """A journey as it is shown."""

    role: Role
    journey: str
    path: tuple[str, ...]
    """The shortest way to its good end: what the bar goes along."""
    head: Head | None = None
    history: list[TransitionRecord] = field(default_factory=list)
    reached: int = 0

    def update(self, head: Head, news: list[TransitionRecord]) -> None:
        """Take in how it stands, and what has happened since."""
        self.head = head
        self.history += news
        if head.state in self.path:
            self.reached = self.path.index(head.state)

    @property
    def share(self) -> float:
        """How far it has come, from 0 to 1."""
        if self.head is not None and self.head.status.is_final:
            return 1.0
        return self.reached / max(1, len(self.path) - 1)


class Screen:
    """Shows the journeys. What is said beside them stays on the screen above.

    Args:
        rows: the journeys; they are drawn as they are at the moment.
    """

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._console = console_on(sys.stdout)
        self._begun = time.monotonic()
        self._live: Live | None = None
        if sys.stdout.isatty():
            self._live = Live(
                console=self._console, get_renderable=self._drawn, refresh_per_second=_REFRESH, transient=True
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, sentence: str, style: str = "bold") -> None:
        """Say something that is no transition."""
        for line in labelled(self._clock(), sentence, width_of(self._console), style=style, margin=_MARGIN):
            self._console.print(line, style=style, soft_wrap=True)

    def show(self, row: Row, news: list[TransitionRecord]) -> None:
        """Show transitions that have happened; a live row shows them by itself."""
        if self._live is not None:
            return
        for record in news:
            way = f"{record.source or '·'} -> {record.dest}" if record.source != record.dest else record.dest
            note = f"  ({clean(record.detail)})" if record.detail else ""
            self._console.print(Text(f"{self._clock()}  {row.role.title:20} {record.trigger:16} {way}{note}"))

    def _clock(self) -> str:
        return f"{time.monotonic() - self._begun:5.1f} s"

    def _drawn(self) -> Group:
        bar_width = min(24, self._console.width // 8)
        roomy = self._console.width >= _ROOMY
        drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
        for name, least in (("journey", 19), ("state", 20), ("progress", bar_width), ("last transition", 0)):
            drawn.add_column(name, no_wrap=True, overflow="ellipsis", min_width=least, ratio=None if least else 1)
        for row in self._rows:
            head = row.head
            if head is None:
                continue
            style = STYLES[head.status.value]
            state = f"{head.state.replace('_', ' ')}{' ?' if head.phase.value == 'doubt' else ''}"
            last = row.history[-1] if row.history else None
            took = "" if last is None or last.duration is None else f"  {length(last.duration)}"
            word = (
                ""
                if last is None
                else f"{last.trigger}{took}" + (f"  ({last.detail})" if last.detail and roomy else "")
            )
            bar = ProgressBar(
                total=1.0, completed=row.share, width=bar_width, complete_style=style, finished_style=style
            )
            drawn.add_row(Text(row.role.title), Text(state, style=style), bar, Text(clean(word), style="dim"))
        legend = [Text(line, style="dim") for line in wrapped(_LEGEND, self._console.width)]
        return Group(drawn, *legend, Text(self._clock(), style="dim"))
