"""Pictures: every state and every transition is in them, and a journey's own marks where it is and what it took."""

from __future__ import annotations

import sys

import pytest
from drafts import GOOD, define
from picture_reader import Picture, read_dot, read_mermaid

from onboarding import MissingExtra, draw, graph_of
from onboarding.machine import Definition, Format, Registry
from onboarding.machine.diagram import Edge, Graph, Node

DRAFT = define(GOOD).definition
SHIPPED = {name: flow.definition for name, flow in Registry().items()}
READERS = {"mermaid": read_mermaid, "dot": read_dot}
GAPS = {"mermaid": " / ", "dot": r"\n"}
PATH = [
    ("sent", "sending", "awaiting"),
    ("entered", "awaiting", "checking"),
    ("wrong", "checking", "awaiting"),
    ("entered", "awaiting", "checking"),
]


def picture(definition: Definition, fmt: str, at: str | None = None) -> Picture:
    return READERS[fmt](draw(graph_of(definition, PATH if at else (), at), fmt))


@pytest.mark.parametrize("fmt", READERS)
@pytest.mark.parametrize("definition", [DRAFT, *SHIPPED.values()], ids=lambda found: found.name)
def test_every_state_and_every_transition_is_in_the_picture(definition: Definition, fmt: str) -> None:
    seen = picture(definition, fmt)
    assert list(seen.nodes) == list(definition.states)
    assert seen.start == definition.initial
    assert set(seen.edges) == {(arrow.source, arrow.dest) for arrow in definition.arrows}
    for (source, dest), (label, _) in seen.edges.items():
        arrows = [arrow for arrow in definition.arrows if (arrow.source, arrow.dest) == (source, dest)]
        assert [part.split(" [")[0] for part in label.split(GAPS[fmt])] == [arrow.trigger for arrow in arrows]
        guarded = [guard for arrow in arrows for guard in (*arrow.conditions, *arrow.unless)]
        assert [guard for guard in guarded if guard not in label] == []


@pytest.mark.parametrize("fmt", READERS)
def test_conditions_stand_beside_their_trigger(fmt: str) -> None:
    text = GOOD.replace('"sending", "may_resend"]', '"sending", ["may_resend"], ["may_try_again"]]')
    label, _ = picture(define(text).definition, fmt).edges["awaiting", "sending"]
    assert label == "resend [may_resend, not may_try_again]"


def test_each_kind_of_state_looks_different_in_mermaid_and_an_end_has_a_thick_border() -> None:
    nodes = picture(DRAFT, "mermaid").nodes
    assert [list(marks) for marks in nodes.values()] == [
        ["working"], ["waiting"], ["working"], ["polling"], ["done"], ["failed"],
    ]  # fmt: skip
    assert len({style for marks in nodes.values() for style in marks.values()}) == 5
    assert {name for name, marks in nodes.items() if "stroke-width" in str(marks)} == {"proven", "refused"}


def test_each_kind_of_state_looks_different_in_dot_and_an_end_has_two_borders() -> None:
    nodes = picture(DRAFT, "dot").nodes
    assert len({marks["fillcolor"] for marks in nodes.values()}) == 5
    assert {name for name, marks in nodes.items() if "peripheries" in marks} == {"proven", "refused"}


def test_a_flows_own_picture_marks_nothing() -> None:
    graph = graph_of(DRAFT)
    assert not any(node.visited or node.current for node in graph.nodes)
    assert not any(edge.taken for edge in graph.edges)
    assert "unvisited" not in draw(graph)


def test_a_journeys_graph_counts_what_it_took() -> None:
    graph = graph_of(DRAFT, PATH, "checking")
    assert {node.name for node in graph.nodes if node.visited} == {"sending", "awaiting", "checking"}
    assert [node.name for node in graph.nodes if node.current] == ["checking"]
    assert {(edge.source, edge.dest): edge.taken for edge in graph.edges if edge.taken} == {
        ("sending", "awaiting"): 1, ("awaiting", "checking"): 2, ("checking", "awaiting"): 1,
    }  # fmt: skip


def test_a_journey_that_has_just_started_is_in_its_first_state() -> None:
    graph = graph_of(DRAFT, (), "sending")
    assert [(node.name, node.current) for node in graph.nodes if node.visited] == [("sending", True)]


def test_a_journeys_mermaid_marks_where_it_is_and_what_it_took() -> None:
    seen = picture(DRAFT, "mermaid", "checking")
    assert {name for name, marks in seen.nodes.items() if "current" in marks} == {"checking"}
    assert {name for name, marks in seen.nodes.items() if "unvisited" in marks} == {"reviewing", "proven", "refused"}
    taken = {pair: label for pair, (label, _) in seen.edges.items() if label.endswith("x)")}
    assert taken == {
        ("sending", "awaiting"): "sent (1x)",
        ("awaiting", "checking"): "entered (2x)",
        ("checking", "awaiting"): "wrong [may_try_again] (1x)",
    }


def test_a_journeys_dot_marks_where_it_is_and_what_it_took() -> None:
    seen = picture(DRAFT, "dot", "checking")
    assert {name for name, marks in seen.nodes.items() if "penwidth" in marks} == {"checking"}
    assert {name for name, marks in seen.nodes.items() if "fontcolor" in marks} == {"reviewing", "proven", "refused"}
    thick = {pair for pair, (_, marks) in seen.edges.items() if "penwidth" in marks}
    assert thick == {("sending", "awaiting"), ("awaiting", "checking"), ("checking", "awaiting")}
    assert {pair for pair, (_, marks) in seen.edges.items() if "fontcolor" in marks} == set(seen.edges) - thick
    assert seen.edges["awaiting", "checking"][0] == r"entered\n(2x)"


@pytest.mark.parametrize("word", ["class", "state", "note", "default", "end", "style"])
def test_a_state_may_have_a_name_that_is_a_word_of_mermaids(word: str) -> None:
    text = draw(Graph("g", word, (Node(word, "working"), Node("over", "done")), (Edge(word, "over", ("go",)),)))
    assert read_mermaid(text).edges == {(word, "over"): ("go", {})}
    assert f"[*] --> {word}\n" not in text


def test_mermaid_is_drawn_where_nothing_else_is_asked_for() -> None:
    assert draw(graph_of(DRAFT)) == draw(graph_of(DRAFT), Format.MERMAID) == draw(graph_of(DRAFT), "mermaid")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="'png' is not a valid Format"):
        draw(graph_of(DRAFT), "png")


def test_svg_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mermaidx", None)
    with pytest.raises(
        MissingExtra, match=r"drawing SVG needs the extra 'svg': pip install 'onboarding\[svg\]'"
    ) as error:
        draw(graph_of(DRAFT), "svg")
    assert error.value.extra == "svg"
    assert error.value.__context__ is None
