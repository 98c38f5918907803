"""What kinds of journeys there are: ``flows`` and ``graph``."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onboarding.cli.commands.options import AS_JSON
from onboarding.errors import InvalidData, OnboardingError, UnknownFlow

if TYPE_CHECKING:
    from onboarding.engine import Journey
    from onboarding.journal import TransitionRecord

__all__ = ["drawing_of", "graph", "list_flows"]

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FORMATS = ("mermaid", "dot", "svg")


def list_flows(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List the flows that are known, with what each needs."""
    from onboarding.cli.fields import fields_of_flow
    from onboarding.cli.grid import Layout, print_grid
    from onboarding.cli.output import print_json
    from onboarding.machine import Registry

    registry = Registry(context.obj.settings().flows)
    flows = [registry[name] for name in registry]
    if as_json:
        print_json([_described(flow) for flow in flows])
        return
    rows = []
    for flow in flows:
        needs = " ".join(field.option for field in fields_of_flow(flow) if field.required)
        said = (flow.definition.name, str(flow.definition.version), flow.definition.title, needs)
        rows.append(dict(zip(("flow", "version", "what it does", "needs"), said, strict=True)))
    layouts = [
        Layout(("flow", "version", "what it does", "needs")),
        Layout(("flow", "version", "what it does"), below=("needs",), wraps=24),
    ]
    print_grid(layouts, rows, empty="no flow is installed")


def graph(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="FLOW|ID", help="A flow, or a journey: then its path is marked.")],
    form: Annotated[str, typer.Option("--format", metavar="|".join(_FORMATS), help="What to draw it in.")] = "mermaid",
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Where to, instead of standard output.")] = None,
) -> None:
    """Draw a flow, or a journey with the path that it took."""
    if form not in _FORMATS:
        raise InvalidData(f"--format must be one of {', '.join(_FORMATS)}")
    if _ID.fullmatch(subject):
        from onboarding.cli.commands.journeys import read

        journey, history, flow = asyncio.run(read(context.obj, subject, draws=True))
        drawn = drawing_of(flow, journey, history, form)
    else:
        from onboarding.machine import Registry, draw, graph_of

        flow = Registry(context.obj.settings().flows).resolve(subject)
        drawn = draw(graph_of(flow.definition), form)
    if output is None:
        print(drawn, end="" if drawn.endswith("\n") else "\n")
    else:
        _write(Path(output), drawn)


def drawing_of(flow: Any, journey: Journey, history: list[TransitionRecord], form: str) -> str:
    """The picture of a journey: its flow with the path that it took. Raises ``UnknownFlow``."""
    from onboarding.machine import draw, graph_of

    if flow is None:
        raise UnknownFlow(f"the flow {journey.flow!r} is not known here, so its journey cannot be drawn")
    path = [(row.trigger, row.source, row.dest) for row in history]
    return draw(graph_of(flow.definition, path, journey.state), form)


def _described(flow: Any) -> dict[str, Any]:
    from onboarding.cli.fields import fields_of_flow

    definition = flow.definition
    return {
        "name": definition.name,
        "version": definition.version,
        "title": definition.title,
        "states": list(definition.states),
        "inputs": sorted({name for state in definition.inputs.values() for name in state}),
        "fields": [
            {"name": field.name, "option": field.option, "secret": field.manner.value == "secret",
             "required": field.required}
            for field in fields_of_flow(flow)
        ],
    }  # fmt: skip


def _write(path: Path, text: str) -> None:
    fault = None
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        fault = error.strerror or type(error).__name__
    if fault is not None:
        raise OnboardingError(f"{path} cannot be written: {fault}")
