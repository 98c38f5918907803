"""Reads back what a picture says: as much of DOT and of Mermaid's state diagrams as the package writes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["Picture", "read_dot", "read_mermaid"]

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_MARKS = rf"\[((?:\s*\w+=(?:{_QUOTED.replace('(', '(?:', 1)}|[\w.]+),?)*)\]"
_DOT = {
    "edge": re.compile(rf"{_QUOTED} -> {_QUOTED}(?: {_MARKS})?;"),
    "node": re.compile(rf"{_QUOTED} {_MARKS};"),
    "default": re.compile(rf"(?:node|edge) {_MARKS};"),
    "setting": re.compile(r"\w+=\w+;"),
}
_MARK = re.compile(rf"(\w+)=(?:{_QUOTED}|([\w.]+))")


@dataclass
class Picture:
    """States with their marks, and labelled edges."""

    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: dict[tuple[str, str], tuple[str, dict[str, str]]] = field(default_factory=dict)
    """By source and destination: the label and the marks."""
    start: str = ""


def _marks(text: str | None) -> dict[str, str]:
    return {name: quoted or bare for name, quoted, bare in _MARK.findall(text or "")}


def read_dot(text: str) -> Picture:
    """The picture in a DOT file. Raises ``ValueError`` for a line that is none of DOT's."""
    first, *lines, last = text.strip().splitlines()
    if re.fullmatch(rf"digraph {_QUOTED} {{", first) is None or last != "}":
        raise ValueError(f"no digraph: {first!r} … {last!r}")
    picture = Picture()
    for line in map(str.strip, lines):
        kind, match = next(((k, m) for k, p in _DOT.items() if (m := p.fullmatch(line))), ("", None))
        if match is None:
            raise ValueError(f"not DOT: {line!r}")
        if kind == "edge" and match[1]:
            marks = _marks(match[3])
            picture.edges[match[1], match[2]] = (marks.pop("label"), marks)
        elif kind == "edge":
            picture.start = match[2]
        elif kind == "node" and match[1]:
            picture.nodes[match[1]] = _marks(match[2])
    return picture


def read_mermaid(text: str) -> Picture:
    """The picture in a Mermaid state diagram; a node's marks are its classes, by name and with their style."""
    first, *lines = text.strip().splitlines()
    if first != "stateDiagram-v2":
        raise ValueError(f"no state diagram: {first!r}")
    picture, names, styles = Picture(), dict[str, str](), dict[str, str]()
    for line in map(str.strip, lines):
        if match := re.fullmatch(r'state "(\w+)" as (\w+)', line):
            names[match[2]] = match[1]
        elif match := re.fullmatch(r"\[\*\] --> (\w+)", line):
            picture.start = names.get(match[1], match[1])
        elif match := re.fullmatch(r"(\w+) --> (\w+): ([^:;]+)", line):
            source, dest = (names.get(name, name) for name in match.group(1, 2))
            picture.edges[source, dest] = (match[3], {})
        elif match := re.fullmatch(r"classDef (\w+) ((?:[a-z-]+:[#\w.]+,?)+)", line):
            styles[match[1]] = match[2]
        elif match := re.fullmatch(r"class (\w+) (\w+)", line):
            picture.nodes.setdefault(names.get(match[1], match[1]), {})[match[2]] = styles[match[2]]
        else:
            raise ValueError(f"not of a state diagram: {line!r}")
    return picture
