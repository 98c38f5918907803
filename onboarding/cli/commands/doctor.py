"""``doctor``: whether everything is as it should be."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from onboarding.cli.commands.options import AS_JSON, duration_of
from onboarding.cli.exits import Exit

__all__ = ["doctor"]


def doctor(
    context: typer.Context,
    late: Annotated[
        str, typer.Option(metavar="DURATION", help="How long a journey may be due before that is a problem.")
    ] = "10m",
    as_json: AS_JSON = False,
) -> None:
    """Check the settings, the journal, its keys and whether it is worked at, and reach the API.

    Exit code 1 if anything is wrong.
    """
    from onboarding.cli.checkup import examine
    from onboarding.cli.grid import Layout, print_grid
    from onboarding.cli.output import print_json

    findings = asyncio.run(examine(context.obj.settings, duration_of(late, "--late")))
    well = all(finding.ok for finding in findings)
    if as_json:
        print_json({"ok": well, "checks": [asdict(finding) for finding in findings]})
    else:
        rows = [
            {
                "check": each.name, "result": "ok" if each.ok else "problem", "found": each.found,
                "what to do": each.remedy,
            }
            for each in findings
        ]  # fmt: skip
        print_grid([Layout(("check", "result", "found"), below=("what to do",), wraps=24)], rows)
    raise typer.Exit(Exit.OK if well else Exit.FAILED)
