"""The picture: journeys a second of everybody, as bars. Drawn by hand, so that it needs nothing to be made.

It brings its own ground, and another one for readers who prefer dark: it can be read on any page.
"""

from __future__ import annotations

from html import escape

from benchmarks.report.figures import value
from benchmarks.results import Measured

__all__ = ["draw"]

_WIDTH, _BAR, _GAP, _TOP, _SIDE, _NUMBERS = 960, 18, 10, 78, 20, 70
_LETTER = 7.0
"""How wide a letter of a label is, on the average, in the widest of the usual fonts."""
_STYLE = """
  .ground { fill: #ffffff; stroke: #d0d5dd; } text { fill: #1d2433; font: 13px system-ui, sans-serif; }
  .title { font-size: 16px; font-weight: 600; } .small { font-size: 12px; fill: #5a6478; } .number { font-weight: 600; }
  .ours { fill: #1a7f5a; } .bare { fill: #94a0b4; } .peer { fill: #4c6fbf; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #171b24; stroke: #333b4d; } text { fill: #e6e9ef; } .small { fill: #a3adc0; }
    .ours { fill: #3fbf8f; } .bare { fill: #6b768c; } .peer { fill: #7d9be6; }
  }"""
_LEGEND = (
    ("ours", "onboarding"),
    ("peer", "others that keep a durable record"),
    ("bare", "bare scripts: nothing kept"),
)


def draw(row: Measured) -> str:
    """An SVG of the row's journeys a second, the most at the top."""
    found = [
        (who, entry.about, speed) for who, entry in row.entries.items() if (speed := entry.median("journeys_per_s"))
    ]
    found.sort(key=lambda bar: -bar[2])
    height = _TOP + len(found) * (_BAR + _GAP) + _SIDE
    most = max((speed for _, _, speed in found), default=1.0)
    labels = 2 * _SIDE + _LETTER * max((len(about) for _, about, _ in found), default=0)
    room = _WIDTH - labels - _NUMBERS - _SIDE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="title">',
        '<title id="title">Journeys a second, 50 in flight</title>',
        f"<style>{_STYLE}\n</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="8"/>',
        f'<text class="title" x="{_SIDE}" y="30">Journeys of four calls a second, 50 in flight</text>',
        *_legend(),
    ]
    for number, (who, about, speed) in enumerate(found):
        y = _TOP + number * (_BAR + _GAP)
        length = max(2.0, room * speed / most)
        parts += [
            f'<text x="{labels - 10:.1f}" y="{y + 14}" text-anchor="end">{escape(about)}</text>',
            f'<rect class="{_kind(who)}" x="{labels:.1f}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="3"/>',
            f'<text class="number" x="{labels + length + 8:.1f}" y="{y + 14}">{value(speed)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    parts, x = [], _SIDE
    for kind, words in _LEGEND:
        parts.append(f'<rect class="{kind}" x="{x}" y="44" width="12" height="12" rx="2"/>')
        parts.append(f'<text class="small" x="{x + 18}" y="54">{words}</text>')
        x += 40 + 7 * len(words)
    return parts


def _kind(who: str) -> str:
    return {"onboarding": "ours", "bare": "bare"}.get(who.partition("-")[0], "peer")
