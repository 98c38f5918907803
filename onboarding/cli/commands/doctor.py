"""``doctor``: whether everything is as it should be."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import typer

from onboarding.cli.commands.options import AS_JSON
from onboarding.cli.exits import Exit

__all__ = ["doctor"]


def doctor(context: typer.Context, as_json: AS_JSON = False) -> None:
    """Check the settings, the journal and its keys, and reach the API; exit code 1 if anything is wrong."""
    from onboarding.cli.checkup import examine
    from onboarding.cli.output import print_json, print_table

    findings = asyncio.run(examine(context.obj.settings))
    well = all(finding.ok for finding in findings)
    if as_json:
        print_json({"ok": well, "checks": [asdict(finding) for finding in findings]})
    else:
        rows = [(each.name, "ok" if each.ok else "problem", each.found, each.remedy) for each in findings]
        print_table(("check", "result", "found", "what to do"), rows)
    raise typer.Exit(Exit.OK if well else Exit.FAILED)
