"""``verify``: show on this machine that journeys are never lost, never repeated, never leaked."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from onboarding.cli.commands.options import AS_JSON
from onboarding.cli.exits import Exit

__all__ = ["verify"]


def verify(
    quick: Annotated[
        bool, typer.Option("--quick/--full", help="A sample, in under a minute; or everything, in some.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="All chance comes from it.")] = 1,
    part: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this part; may be given several times.")
    ] = None,
    flow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this flow, or one of yours: package.module:Class. Several times too."),
    ] = None,
    case: Annotated[
        str | None, typer.Option(metavar="CASE", help="One case again, as a report names it; with --part.")
    ] = None,
    report: Annotated[Path, typer.Option(metavar="FOLDER", help="Where verify.json and verify.html go.")] = Path(
        "onboarding-verify"
    ),
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, show_default=False, help="Processes at once; without, one a core.")
    ] = None,
    without: Annotated[
        str | None, typer.Option(metavar="GUARD", help="Leave one guard out, to see that this is found.")
    ] = None,
    journal: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="VERIFY_JOURNAL",
            show_default=False,
            help="A PostgreSQL server whose user may make databases: crash, owners and secrets run there.",
        ),
    ] = None,
    as_json: AS_JSON = False,
) -> None:
    """Verify this installation against the sandbox: kills, faults, damaged files, bad answers, secrets.

    Nothing but the sandbox on the loopback interface is called. Exit code 1 if a promise did not hold.
    """
    from onboarding.cli.tally import Tally
    from onboarding.errors import SettingsError
    from onboarding.verify.page import write_report
    from onboarding.verify.run import verify as run

    # What was typed goes into the report, a password in it does not.
    typed = [word if journal is None else word.replace(journal, "URL") for word in sys.argv[1:]]
    if case is not None and len(part or []) != 1:
        raise SettingsError("a case belongs to one part: give it with --part, as the report does")
    with Tally(silent=as_json) as tally:
        found = run(
            seed=seed, full=not quick, parts=part or (), flows=flow or (), case=case, mutant=without, jobs=jobs,
            journal=journal, command=shlex.join(["onboarding", *typed]), tell=tally.progress, ended=tally.ended,
        )  # fmt: skip
    if case is not None and any(finding.what == "there is no such case" for finding in found.parts[0].findings):
        raise SettingsError(
            f"the part {found.parts[0].part} has no case of that name; a report names those that there are"
        )
    places = write_report(found, report)
    if as_json:
        from onboarding.cli.output import print_json

        print_json(found.to_dict())
    else:
        tally.summary(found, places)
    raise typer.Exit(Exit.OK if found.passed else Exit.FAILED)
