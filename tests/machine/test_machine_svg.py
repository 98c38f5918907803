"""Every shipped flow has a picture as SVG: well-formed, with every state and trigger in it. Each takes a second."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from picture_reader import read_mermaid

from onboarding import draw, graph_of
from onboarding.machine import Registry
from onboarding.machine.diagram import Edge, Graph, Node

SHIPPED = {name: flow.definition for name, flow in Registry().items()}


def words(svg: str) -> list[str]:
    """What a person reads in a picture."""
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith("}style"):
                parent.remove(child)
    return " ".join(root.itertext()).split()


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_flow_has_a_picture(name: str) -> None:
    seen = words(draw(graph_of(SHIPPED[name]), "svg"))
    assert set(SHIPPED[name].states) - set(seen) == set()
    assert {arrow.trigger for arrow in SHIPPED[name].arrows} - set(seen) == set()
    assert len(read_mermaid(draw(graph_of(SHIPPED[name]))).nodes) == len(SHIPPED[name].states)


def test_a_journeys_picture_marks_where_it_is_and_what_it_took() -> None:
    path = [("task_moved", "watching", "watching")] * 2
    svg = draw(graph_of(SHIPPED["task-watch"], path, "watching"), "svg")
    assert "(2x)" in words(svg)
    marked = [node for node in ET.fromstring(svg).iter() if "current" in node.get("class", "").split()]
    assert {word for node in marked for word in " ".join(node.itertext()).split()} == {"watching"}
    faded = [node for node in ET.fromstring(svg).iter() if "unvisited" in node.get("class", "").split()]
    ends = {"task_finished", "task_refused", "no_such_user", "overdue"}
    assert {word for node in faded for word in " ".join(node.itertext()).split()} == ends


def test_a_state_may_have_a_name_that_is_a_word_of_mermaids_in_svg_too() -> None:
    nodes = Node("class", "working"), Node("state", "waiting"), Node("note", "done")
    graph = Graph("g", "class", nodes, (Edge("class", "state", ("go",)), Edge("state", "note", ("stop",))))
    assert sorted(words(draw(graph, "svg"))) == ["class", "go", "note", "state", "stop"]
