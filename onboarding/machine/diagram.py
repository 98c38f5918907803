"""A flow as a picture: first a small model of the graph, then Mermaid, DOT or SVG.

A journey's own picture marks where it is and the path it took.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from onboarding.errors import MissingExtra
from onboarding.machine.definition import Definition
from onboarding.machine.states import Done, Failed, Polling, Waiting

__all__ = ["Edge", "Format", "Graph", "Node", "draw", "graph_of"]


class Format(StrEnum):
    """What a picture is written in."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"


@dataclass(frozen=True, slots=True)
class Node:
    """A state."""

    name: str
    kind: str
    """working, polling, waiting, done or failed."""
    visited: bool = False
    current: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """All transitions from one state to another."""

    source: str
    dest: str
    labels: tuple[str, ...]
    taken: int = 0
    """How often the journey took it."""


@dataclass(frozen=True, slots=True)
class Graph:
    """States and what leads from one to another."""

    name: str
    initial: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph_of(definition: Definition, path: Iterable[tuple[str, str, str]] = (), at: str | None = None) -> Graph:
    """The graph of a flow, or of one journey of it.

    Args:
        definition: the flow's definition.
        path: the (trigger, source, destination) that a journey took, in order.
        at: the state in which it is.
    """
    steps = list(path)
    visited = {definition.initial} if steps or at else set()
    visited |= {dest for _, _, dest in steps}
    nodes = tuple(Node(name, _kind(state), name in visited, name == at) for name, state in definition.states.items())
    labels: dict[tuple[str, str], list[str]] = {}
    for arrow in definition.arrows:
        guard = [*arrow.conditions, *(f"not {name}" for name in arrow.unless)]
        label = f"{arrow.trigger} [{', '.join(guard)}]" if guard else arrow.trigger
        labels.setdefault((arrow.source, arrow.dest), []).append(label)
    edges = tuple(
        Edge(source, dest, tuple(names), sum((a, b) == (source, dest) for _, a, b in steps))
        for (source, dest), names in labels.items()
    )
    return Graph(definition.name, definition.initial, nodes, edges)


def _kind(state: object) -> str:
    for kind in (Polling, Waiting, Done, Failed):
        if isinstance(state, kind):
            return kind.__name__.lower()
    return "working"


def draw(graph: Graph, fmt: Format | str = Format.MERMAID) -> str:
    """The picture as text. SVG needs the extra ``svg``."""
    match Format(fmt):
        case Format.MERMAID:
            return _mermaid(graph)
        case Format.DOT:
            return _dot(graph)
        case Format.SVG:
            return _svg(graph)


_STYLES = {
    "working": "fill:#e8f0fe,stroke:#3b6fb6,color:#10243e",
    "polling": "fill:#ede7f6,stroke:#6a4fa3,color:#241640",
    "waiting": "fill:#fff6dd,stroke:#b98900,color:#3d2e00",
    "done": "fill:#e3f4e6,stroke:#2e7d43,stroke-width:2px,color:#0f3319",
    "failed": "fill:#fde8e6,stroke:#b3382c,stroke-width:2px,color:#46120c",
    "current": "stroke-width:4px,stroke:#111111",
    "unvisited": "opacity:0.45",
}

# Words of Mermaid's own, which no state may be called by there.
_MERMAID_WORDS = frozenset({
    "as", "class", "choice", "classdef", "click", "default", "direction", "end", "fork", "hide", "history", "href",
    "join", "note", "scale", "state", "style",
})  # fmt: skip


def _mermaid(graph: Graph) -> str:
    marked = any(node.visited for node in graph.nodes)
    ids = {node.name: f"{node.name}_" if node.name in _MERMAID_WORDS else node.name for node in graph.nodes}
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{name}" as {id_}' for name, id_ in ids.items() if name != id_]
    lines.append(f"    [*] --> {ids[graph.initial]}")
    for edge in graph.edges:
        label = " / ".join(edge.labels) + (f" ({edge.taken}x)" if edge.taken else "")
        lines.append(f"    {ids[edge.source]} --> {ids[edge.dest]}: {label}")
    # No arrows from the ends to a common dot: their kind says it, and so many arrows hide the others.
    used = dict.fromkeys(node.kind for node in graph.nodes)
    lines += [f"    classDef {kind} {_STYLES[kind]}" for kind in used]
    if marked:
        lines += [f"    classDef {kind} {_STYLES[kind]}" for kind in ("current", "unvisited")]
    for node in graph.nodes:
        lines.append(f"    class {ids[node.name]} {node.kind}")
        if node.current:
            lines.append(f"    class {ids[node.name]} current")
        elif marked and not node.visited:
            lines.append(f"    class {ids[node.name]} unvisited")
    return "\n".join(lines) + "\n"


_DOT_COLORS = {
    "working": "#e8f0fe",
    "polling": "#ede7f6",
    "waiting": "#fff6dd",
    "done": "#e3f4e6",
    "failed": "#fde8e6",
}


def _dot(graph: Graph) -> str:
    marked = any(node.visited for node in graph.nodes)
    lines = [
        f'digraph "{graph.name}" {{',
        "    rankdir=TB;",
        '    node [shape=box, style="rounded,filled", fontname="Helvetica"];',
        '    edge [fontname="Helvetica", fontsize=10];',
        '    "" [shape=point];',
        f'    "" -> "{graph.initial}";',
    ]
    for node in graph.nodes:
        marks = [f'fillcolor="{_DOT_COLORS[node.kind]}"']
        if node.kind in ("done", "failed"):
            marks.append("peripheries=2")
        if node.current:
            marks.append("penwidth=3")
        elif marked and not node.visited:
            marks += ['color="#bbbbbb"', 'fontcolor="#999999"']
        lines.append(f'    "{node.name}" [{", ".join(marks)}];')
    for edge in graph.edges:
        label = "\\n".join(edge.labels) + (f"\\n({edge.taken}x)" if edge.taken else "")
        marks = [f'label="{label}"']
        if edge.taken:
            marks.append("penwidth=2.5")
        elif marked:
            marks += ['color="#bbbbbb"', 'fontcolor="#999999"']
        lines.append(f'    "{edge.source}" -> "{edge.dest}" [{", ".join(marks)}];')
    return "\n".join([*lines, "}"]) + "\n"


def _svg(graph: Graph) -> str:
    try:
        import mermaidx
    except ImportError:
        mermaidx = None
    if mermaidx is None:
        raise MissingExtra("svg", "drawing SVG")
    return str(mermaidx.render(_mermaid(graph)).svg())
