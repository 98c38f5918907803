"""A process that does cases: SQLite is tampered with in here, and in no other process.

It reads one line of JSON, a plan and its cases, and answers with a line for each: a crash of the interpreter takes the
case with it that caused it, and that is what the one who waits for the answer sees.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from onboarding.log import log
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan
from onboarding.verify.rehearsal import flows_of
from onboarding.verify.storage.families import FAMILIES
from onboarding.verify.storage.stage import Found, Stage

__all__ = ["main"]

_LONGEST = 20.0
"""Real seconds that one case may take: all that it waits for is moved by hand."""
_HANGS = f"it was not done after {_LONGEST:.0f} s"
_HUNG = 3


def main() -> None:
    """Do what standard input asks for."""
    os.umask(0o077)
    sys.setswitchinterval(0.0005)  # the journal's thread and the loop take turns at every file operation
    log.remove()
    asked = json.loads(sys.stdin.readline())
    plan = Plan(folder=Path(asked["folder"]), seed=asked["seed"], full=asked["full"], mutant=asked["mutant"])
    with without(plan.mutant):
        asyncio.run(_serve(plan, asked["flows"], asked["cases"]))


async def _serve(plan: Plan, flows: list[str], cases: list[str]) -> None:
    stage = Stage(plan, flows_of(flows))
    if any(not case.startswith(("word/", "leave/", "private/")) for case in cases):
        await stage.set_up()
    _say({"ready": True})
    hung = 0
    for case in cases:
        _say({"case": case})
        found = await _do(stage, case) if hung < _HUNG else Found(["it was not tried: too many before it hung"])
        hung += _HANGS in found.faults
        _say({"case": case, "faults": found.faults, "counts": dict(found.counts), "skipped": found.skipped})


async def _do(stage: Stage, case: str) -> Found:
    family, *arguments = case.split("/")
    do = importlib.import_module(FAMILIES[family]).do
    try:
        async with asyncio.timeout(_LONGEST):
            found: Found = await do(stage, arguments, stage.plan.rng(case))
    except TimeoutError:
        found = Found([_HANGS])
    except Exception as error:  # noqa: BLE001 - whatever comes out is a finding
        found = Found([f"{type(error).__name__} came out of it"])
    await stage.clear()
    return found


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
