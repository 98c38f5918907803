"""``send ID INPUT``: hand an input to a journey. Its commands are the journey's inputs."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from onboarding.cli.commands.derived import SECRETS_FROM, derive, group
from onboarding.cli.commands.options import AS_JSON
from onboarding.cli.invocation import has_terminal

if TYPE_CHECKING:
    from onboarding.journal import Head

__all__ = ["send_app"]


class _InputGroup(TyperGroup):
    """The inputs of one journey's flow."""

    head: Any = None
    flow: Any = None

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs by name; None for one that carries nothing."""
        return {name: each for state in self.flow.definition.inputs.values() for name, each in state.items()}

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the inputs."""
        del ctx
        return list(self.inputs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of an input."""
        from onboarding.cli.fields import fields_of_input
        from onboarding.errors import InvalidData
        from onboarding.machine.quoting import quoted

        del ctx
        if cmd_name.startswith("-"):
            return None
        if cmd_name not in self.inputs:
            names = ", ".join(self.inputs) or "none"
            raise InvalidData(f"{self.flow.definition.name} has no input {quoted(cmd_name)}; it has: {names}")
        handed_in = self.inputs[cmd_name]
        own: dict[str, tuple[Any, Any]] = {"secrets_from": (SECRETS_FROM, None), "json": (AS_JSON, False)}
        about = f"Hand {cmd_name} to this journey."
        act = partial(_send, self.head, cmd_name, handed_in)
        return derive(cmd_name, about, fields_of_input(handed_in), own, act)


class _SendGroup(TyperGroup):
    """The journeys: found in the journal when one is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """None: there may be a million."""
        del ctx
        return []

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The group of a journey's inputs. Raises ``UnknownJourney``."""
        if cmd_name.startswith("-"):
            return None
        head, flow = asyncio.run(ctx.obj.flow_of(cmd_name))
        found: Any = typer.main.get_group(
            group(_InputGroup, f"Hand an input to this journey of {flow.definition.name}.", "INPUT [OPTIONS]")
        )
        found.name, found.head, found.flow = cmd_name, head, flow
        return found


send_app = group(
    _SendGroup,
    "Hand an input to a journey; it is applied when this returns. `onboarding send ID --help` lists its inputs.",
    "ID INPUT [OPTIONS]",
)


def _send(
    head: Head, name: str, handed_in: Any, context: typer.Context, given: dict[str, Any], own: dict[str, Any]
) -> None:
    from onboarding.cli.commands.decisions import ask, tell
    from onboarding.cli.exits import exit_of_journey
    from onboarding.cli.fields import fields_of_input
    from onboarding.cli.values import collect
    from onboarding.engine.asked import check_given
    from onboarding.engine.messages import check_open
    from onboarding.machine.web_address import web_hosts

    def check(values: dict[str, Any]) -> None:
        check_open(head)
        hosts = web_hosts(context.obj.settings().avatar_hosts)
        check_given(handed_in.model, values, f"the input {name!r} was not accepted", hosts)
        asyncio.run(context.obj.check(calls=True))

    values = collect(
        name, fields_of_input(handed_in), given, own["secrets_from"], interactive=has_terminal(), before_asking=check
    )
    sent = asyncio.run(ask(context.obj, head.id, lambda onboarding: onboarding.send(head.id, name, **values)))
    tell([sent], as_json=own["json"])
    raise typer.Exit(exit_of_journey(sent))
