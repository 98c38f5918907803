"""The command line as a whole: the options in front of a command, and every command."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from onboarding.cli.commands import (
    archive,
    audit,
    decisions,
    demo,
    doctor,
    flows,
    forget,
    journeys,
    keys,
    sandbox,
    send,
    start,
    verify,
    wait,
    worker,
)
from onboarding.cli.exits import EXIT_CODES
from onboarding.cli.invocation import Invocation

__all__ = ["command", "usage_problem"]

_ABOUT = "Durable onboarding journeys over a REST API whose calls cannot be undone."
_LONGEST = 300
_OPTION = re.compile(r"No such option: -(?:[a-zA-Z]|-[a-z][a-z-]{0,30})(?![^\s(;.])")
_PANELS = ("To begin with", "Journeys", "Operation")


class _InOrder(TyperGroup):
    """The commands as a reader needs them, not as they happen to be kept."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        del ctx
        return sorted(self.commands, key=_ORDER.index)


_ORDER = (
    "demo", "sandbox", "doctor", "flows", "graph",
    "run", "start", "send", "wait", "list", "show", "cancel", "retry", "resolve",
    "worker", "keys", "audit", "forget", "archive", "verify",
)  # fmt: skip

app = typer.Typer(
    name="onboarding",
    cls=_InOrder,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"onboarding {version('onboarding')}")
        raise typer.Exit


@app.callback(help=_ABOUT)
def options(
    context: typer.Context,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose", "-v", count=True, show_default=False, help="Log every transition; twice: everything."
        ),
    ] = 0,
    log_json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Append the log as JSON lines; - writes them to standard error."),
    ] = None,
    journal: Annotated[
        str | None, typer.Option(metavar="URL", help="The journal, instead of ONBOARDING_JOURNAL: sqlite:///path.db.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options in front of the command."""
    del version
    from onboarding.cli.logs import set_up

    set_up(verbose, log_json)
    context.obj = Invocation(verbose=verbose, log_json=log_json, journal=journal)


_begin, _journeys, _operation = _PANELS
app.command(rich_help_panel=_begin)(demo.demo)
app.command(rich_help_panel=_begin)(sandbox.sandbox)
app.command(rich_help_panel=_begin)(doctor.doctor)
app.command(name="flows", rich_help_panel=_begin)(flows.list_flows)
app.command(rich_help_panel=_begin)(flows.graph)
app.add_typer(start.run_app, name="run", rich_help_panel=_journeys)
app.add_typer(start.start_app, name="start", rich_help_panel=_journeys)
app.add_typer(send.send_app, name="send", rich_help_panel=_journeys)
app.command(rich_help_panel=_journeys)(wait.wait)
app.command(name="list", rich_help_panel=_journeys)(journeys.list_journeys)
app.command(rich_help_panel=_journeys)(journeys.show)
app.command(rich_help_panel=_journeys)(decisions.cancel)
app.command(rich_help_panel=_journeys)(decisions.retry)
app.command(rich_help_panel=_journeys)(decisions.resolve)
app.command(rich_help_panel=_operation)(worker.worker)
app.add_typer(keys.keys_app, name="keys", rich_help_panel=_operation)
app.command(rich_help_panel=_operation)(audit.audit)
app.command(rich_help_panel=_operation)(forget.forget)
app.command(rich_help_panel=_operation)(archive.archive)
app.command(rich_help_panel=_operation)(verify.verify)


def command(arguments: list[str]) -> Any:
    """Run the command that the arguments name; its exit code, or None. What goes wrong is raised."""
    return typer.main.get_command(app).main(arguments or ["--help"], "onboarding", standalone_mode=False)


def usage_problem(error: Exception) -> str | None:
    """What is wrong with the arguments, in a sentence; None where the error says something else."""
    if isinstance(error, typer.Abort):
        return "given up"
    if not isinstance(error, TyperException):
        return None
    path = _command_of(error)
    said = " ".join(error.format_message().split()).rstrip(".")
    if len(said) > _LONGEST:
        said = f"{said[:_LONGEST]}…"
    if said.startswith("Got unexpected extra argument"):
        said = "there is an argument too many"  # it is not repeated: a secret may stand there
    elif said.startswith("No such option") and not _OPTION.match(said):
        said = "there is no such option"  # nor is this: it does not look like one
    return f"{said[:1].lower()}{said[1:]}{'' if said.endswith('?') else ';'} see: {path} --help"


def _command_of(error: Exception) -> str:
    """The command whose arguments are wrong, as it is typed; an error of the parser's knows it only by its frames."""
    context = getattr(error, "ctx", None)
    trace = None if context else error.__traceback__
    while trace is not None:  # the deepest one is the command's own
        context, trace = trace.tb_frame.f_locals.get("ctx") or context, trace.tb_next
    return getattr(context, "command_path", "onboarding")
