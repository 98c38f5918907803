"""Rows and columns in a terminal of any width: no word, time or id is ever broken in two.

What does not fit beside the others stands on a line of its own below its row. Where no terminal says how wide it is
(a pipe, a file), a row is one line, for ``grep``.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from onboarding.cli.output import STYLES, clean, console_on

__all__ = ["Layout", "grid", "labelled", "print_grid", "width_of", "wrapped"]

_GAP = "   "
_INDENT = "    "
_LENGTH = re.compile(r"\d+(?:\.\d+)? (?:ms|s|min|h|d)\b(?: \d+ (?:s|min|h)\b)?")
_NO_BREAK = "\N{NO-BREAK SPACE}"

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay out the same rows.

    Attributes:
        columns: what stands side by side.
        below: what stands below its row, with its name, where it is not empty.
        wraps: the fewest characters a line into which the last column's sentences are wrapped, between words; 0:
            they are not.
    """

    columns: tuple[str, ...]
    below: tuple[str, ...] = ()
    wraps: int = 0


def print_grid(layouts: Sequence[Layout], rows: Iterable[Row], *, empty: str = "") -> None:
    """Print rows in the first layout that fits the terminal; in a file, in the first.

    Args:
        layouts: the ways to lay them out.
        rows: the cells by the names of their columns.
        empty: what to say on standard error where there is no row.
    """
    listed, console = list(rows), console_on()
    if not listed and empty:
        print(empty, file=sys.stderr)
        return
    for line in grid(layouts, listed, width_of(console)):
        console.print(line, soft_wrap=True)


def width_of(console: Console) -> int | None:
    """The terminal's columns; None where there is no terminal."""
    return console.width if console.file.isatty() else None


def grid(layouts: Sequence[Layout], rows: Sequence[Row], width: int | None) -> list[Text]:
    """The lines: a heading, a rule, the rows.

    Args:
        layouts: the ways to lay them out, the best first; where none fits, the last is taken, and its rows wrapped
            between the columns.
        rows: the cells by the names of their columns.
        width: how many columns of characters there are; None: as many as it takes.
    """
    plain = [{name: clean(cell) for name, cell in row.items()} for row in rows]
    fits = (each for each in layouts if width is None or _narrowest(each, plain) <= width)
    layout = next(fits, layouts[-1])
    widths = _widths(layout, plain)
    if width is not None and layout.wraps:
        room = width - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
        widths[-1] = min(widths[-1], max(layout.wraps, room))
    if width is not None and _total(widths) > width:
        return [line for row in plain for line in _stacked(layout, row, width)]
    lines = _row([Text(name, style="bold") for name in layout.columns], widths)
    lines.append(Text("─" * _total(widths), style="dim"))
    for row in plain:
        cells = [_styled(row.get(name, "")) for name in layout.columns]
        lines += _row(cells, widths if layout.wraps and width is not None else [*widths[:-1], 0])
        lines += _below(layout, row, width)
    return lines


def labelled(label: str, said: str, width: int | None, *, style: str = "", margin: int = 13) -> list[Text]:
    """A fact and what is said of it, wrapped to the right of its label."""
    first, *more = wrapped(clean(said), None if width is None else width - margin) or [""]
    lines = [Text.assemble(f"{label:{margin}}", (first, style))]
    return [*lines, *(Text.assemble(" " * margin, (line, style)) for line in more)]


def wrapped(text: str, width: int | None) -> list[str]:
    """The text in lines; broken between words only, never within a length of time."""
    if width is None:
        return [text]
    kept = _LENGTH.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    lines = textwrap.wrap(kept, max(width, 1), break_long_words=False, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _styled(cell: str) -> Text:
    return Text(cell, style=STYLES.get(cell.partition(",")[0], ""))


def _widths(layout: Layout, rows: Sequence[Row]) -> list[int]:
    return [max([cell_len(name), *(cell_len(row.get(name, "")) for row in rows)]) for name in layout.columns]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _narrowest(layout: Layout, rows: Sequence[Row]) -> int:
    """How many columns of characters a layout takes at least."""
    widths = _widths(layout, rows)
    if layout.wraps:
        widths[-1] = min(widths[-1], layout.wraps)
    return _total(widths)


def _row(cells: Sequence[Text], widths: Sequence[int]) -> list[Text]:
    """One row, and the lines into which its last cell is wrapped; a width of 0 leaves that as long as it is."""
    *side, last = cells
    start = Text(_GAP).join([_padded(cell, width) for cell, width in zip(side, widths, strict=False)])
    if side:
        start.append(_GAP)
    first, *more = wrapped(last.plain, widths[-1] or None) or [""]
    lines = [start + Text(first, style=last.style)]
    lines += [Text(" " * cell_len(start.plain)) + Text(line, style=last.style) for line in more]
    for line in lines:
        line.rstrip()
    return lines


def _padded(cell: Text, width: int) -> Text:
    padded = cell.copy()
    padded.pad_right(max(0, width - cell_len(cell.plain)))
    return padded


def _below(layout: Layout, row: Row, width: int | None) -> list[Text]:
    """What stands below a row."""
    room = None if width is None else width - len(_INDENT)
    lines: list[str] = []
    for said in (f"{name}: {row[name]}" for name in layout.below if row.get(name)):
        beside = f"{lines[-1]}{_GAP}{said}" if lines else said
        if lines and (room is None or cell_len(beside) <= room):
            lines[-1] = beside
        else:
            lines += wrapped(said, room)
    return [Text(f"{_INDENT}{line}", style="dim") for line in lines]


def _stacked(layout: Layout, row: Row, width: int) -> list[Text]:
    """A row in a terminal that is too narrow for any layout: cell by cell, as many a line as fit."""
    lines = [Text()]
    for name in layout.columns:
        cell = _styled(row.get(name, ""))
        taken = cell_len(lines[-1].plain)
        if not cell.plain:
            continue
        if cell_len(cell.plain) > width - len(_INDENT):
            lines += [Text(f"{_INDENT}{line}") for line in wrapped(cell.plain, width - len(_INDENT))]
            continue
        if taken and taken + len(_GAP) + cell_len(cell.plain) > width:
            lines.append(Text(_INDENT))
        elif taken:
            lines[-1].append(_GAP)
        lines[-1] += cell
    return [*lines, *_below(layout, row, width)]
