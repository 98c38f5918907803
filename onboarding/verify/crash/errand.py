"""A module of the verifier, run by a Python of its own: it is handed the plan, and tells as it goes.

Processes are forked there, because whoever calls the verifier may have threads and event loops.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from onboarding.verify import leash
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan

__all__ = ["Tell", "can_fork", "errand", "tell_of"]

Tell = Callable[[Mapping[str, Any]], None]
"""Tells the process that asked."""


def can_fork() -> bool:
    """Whether processes can be forked here."""
    return hasattr(os, "fork")


def tell_of(module: str, plan: Plan) -> Iterator[dict[str, Any]]:
    """Run a module that calls ``errand``: what it tells, as it comes.

    It begins without the settings of the environment. All that it has started ends with it, whatever happens here.
    Where it fails, the last thing told is ``broken``, with its last words as ``detail``.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")}
    asked = asdict(replace(plan, tell=print)) | {"folder": str(plan.folder.absolute())}
    del asked["tell"]
    asked["path"] = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100 - an empty entry is the folder here
    last_words = plan.folder / f"{module.split('.')[2]}.log"
    with (
        last_words.open("w+", encoding="utf-8") as log,
        subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            env={**kept, "PYTHONPATH": os.pathsep.join(asked["path"])}, cwd=plan.folder, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            # Its input stays open: when that ends, whoever asked is dead, and it ends too.
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(asked) + "\n")
                process.stdin.flush()
            for line in process.stdout:
                yield json.loads(line)
            code = process.wait()
        finally:
            # The session is its own: with it go the processes that it has started, the stopped ones too.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        if code != 0:
            log.seek(0)
            yield {"broken": f"the process that does it ended with {code}", "detail": log.read()[-2000:]}


def errand(work: Callable[[Plan, Tell], None]) -> None:
    """The other side: read the plan from standard input, do it without the guard that it names, tell on the output."""
    asked = json.loads(sys.stdin.readline())
    leash.put_on()
    sys.path[:] = asked.pop("path")
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a flow prints goes where errors go

    def tell(what: Mapping[str, Any]) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    plan = Plan(**{**asked, "folder": Path(asked["folder"]), "flows": tuple(asked["flows"])})
    with without(plan.mutant):
        work(plan, tell)
