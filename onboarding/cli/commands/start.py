"""``run`` and ``start``: begin a journey, and stay with it or not. Their commands are the flows."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from onboarding.cli.commands.derived import SECRETS_FROM, derive, group
from onboarding.cli.commands.options import AS_JSON, TIMEOUT, seconds_of
from onboarding.cli.exits import Exit, exit_of_journey
from onboarding.cli.failure import say
from onboarding.cli.invocation import Invocation, has_terminal

__all__ = ["run_app", "start_app"]

_KEY = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="Idempotency: the same key again gives the journey of the first time."),
]


class _FlowGroup(TyperGroup):
    """A group whose commands are the flows: built when one is asked for."""

    stays = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the flows that are known."""
        return list(_registry(ctx.obj))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a flow, by name or as ``package.module:Class``. Raises ``UnknownFlow``."""
        from onboarding.cli.fields import fields_of_flow

        if cmd_name.startswith("-"):
            return None
        flow = _registry(ctx.obj).resolve(cmd_name)
        own: dict[str, tuple[Any, Any]] = {"secrets_from": (SECRETS_FROM, None), "key": (_KEY, None)}
        if self.stays:
            own["timeout"] = (TIMEOUT, None)
        own["json"] = (AS_JSON, False)
        act = partial(_run if self.stays else _start, flow)
        return derive(cmd_name, flow.definition.title, fields_of_flow(flow), own, act)


class _RunGroup(_FlowGroup):
    stays = True


run_app = group(
    _RunGroup,
    "Start a journey and stay with it to its end. FLOW is a flow's name, or package.module:Class. Where it waits, "
    "you are asked; without a terminal it is left waiting.",
    "FLOW [OPTIONS]",
)
start_app = group(
    _FlowGroup,
    "Record a journey and return; a worker advances it. FLOW is a flow's name, or package.module:Class.",
    "FLOW [OPTIONS]",
)


def _registry(invocation: Invocation | None) -> Any:
    from onboarding.machine import Registry

    return Registry((invocation or Invocation()).settings().flows)


def _collected(
    invocation: Invocation, flow: Any, given: dict[str, Any], own: dict[str, Any], *, calls: bool
) -> dict[str, Any]:
    """The fields, checked before a journal is made for them; what is known, before anything is asked."""
    from onboarding.cli.fields import fields_of_flow
    from onboarding.cli.values import collect
    from onboarding.engine.asked import check_given
    from onboarding.machine.web_address import web_hosts
    from onboarding.starting import fresh

    name = flow.definition.name
    hosts = web_hosts(invocation.settings().avatar_hosts)

    def check(values: dict[str, Any]) -> None:
        check_given(flow, values, f"{name} cannot start", hosts)
        seconds_of(own.get("timeout"))
        asyncio.run(invocation.check(calls=calls, makes=True))

    values = collect(
        name, fields_of_flow(flow), given, own["secrets_from"], interactive=has_terminal(), before_asking=check
    )
    fresh(flow, None, values, hosts)
    return values


def _start(flow: Any, context: typer.Context, given: dict[str, Any], own: dict[str, Any]) -> None:
    from onboarding.cli.output import print_json

    values = _collected(context.obj, flow, given, own, calls=False)

    async def work() -> Any:
        async with context.obj.onboarding(worker=False, makes=True, quiet=own["json"]) as onboarding:
            return await onboarding.start(flow, key=own["key"], **values)

    journey = asyncio.run(work())
    _remind(context.obj, flow)
    if own["json"]:
        print_json(journey.public())
    else:
        print(journey.id)


def _run(flow: Any, context: typer.Context, given: dict[str, Any], own: dict[str, Any]) -> None:
    from onboarding.cli.commands.wait import report, stay
    from onboarding.cli.narrator import Narrator

    values = _collected(context.obj, flow, given, own, calls=True)
    timeout = seconds_of(own["timeout"])
    stream = sys.stderr if own["json"] else sys.stdout
    with Narrator(stream) as narrator:
        journey, history = asyncio.run(
            stay(
                context.obj, narrator, timeout, converse=has_terminal(), makes=True, quiet=own["json"],
                start=lambda onboarding: onboarding.start(flow, key=own["key"], **values),
            )
        )  # fmt: skip
        report(journey, history, narrator, as_json=own["json"])
    code = exit_of_journey(journey)
    if code is Exit.WAITING and journey.accepts:
        say(f"go on with: onboarding send {journey.id} {_input_of(flow, journey)}")
    elif code is Exit.WAITING:
        say(f"the time was up; it goes on with: onboarding wait {journey.id}")
    if not journey.is_final:
        _remind(context.obj, flow)
    raise typer.Exit(code)


def _input_of(flow: Any, journey: Any) -> str:
    """The first input that a journey accepts, with the options that it takes."""
    from onboarding.cli.fields import Manner, fields_of_input

    name = journey.accepts[0]
    asked = [each for each in fields_of_input(flow.definition.inputs[journey.state][name]) if each.required]
    plain = [each for each in asked if each.manner is not Manner.SECRET]
    words = [each.option if each.manner is Manner.SWITCH else f"{each.option} {each.metavar}" for each in plain]
    return " ".join([name, *words, *(["--secrets-from -"] if len(plain) < len(asked) else [])])


def _remind(invocation: Invocation, flow: Any) -> None:
    """Say what others need to go on with a journey whose flow was named by its path alone."""
    if flow.definition.name not in _registry(invocation):
        say(f"whoever goes on with it needs ONBOARDING_FLOWS={flow.__module__}:{flow.__qualname__}")
