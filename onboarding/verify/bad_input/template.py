"""A folder with a journal and journeys in it, made once and put back before every call."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

from onboarding.journal import Status
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.verify.bad_input.questionnaire import INPUT, START, Questionnaire

__all__ = ["put_back"]

_PATIENCE = 10.0
_LIST = "journeys.json"


def put_back(home: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder, as it was made: ``journal.db`` with its keys; and the ids of its journeys.

    Args:
        home: where the folder is, and the copy from which it is put back.
    """
    folder, kept = home / "calls", home / "kept"
    if not (kept / _LIST).exists():
        for place in (folder, kept):
            shutil.rmtree(place, ignore_errors=True)
        folder.mkdir(mode=0o700)
        journeys = asyncio.run(_made(folder))
        shutil.copytree(folder, kept)
        (kept / _LIST).write_text(json.dumps(journeys), "utf-8")
    for there in folder.iterdir():
        if there.is_dir() and not there.is_symlink():
            shutil.rmtree(there)
        elif not (kept / there.name).exists():
            there.unlink()
    for file in kept.iterdir():
        if file.name != _LIST:
            # Into the same file: another one would be a copy of the journal, of which it says so.
            with (folder / file.name).open("r+b" if (folder / file.name).exists() else "xb") as back:
                back.write(file.read_bytes())
                back.truncate()
    return folder, tuple(json.loads((kept / _LIST).read_text("utf-8")))


async def _made(folder: Path) -> list[str]:
    """A journey that waits, one that has ended, one that was given up, and one that is due."""
    settings = Settings.model_construct(journal=f"sqlite:///{folder / 'journal.db'}")
    async with Onboarding(settings, flows=[Questionnaire], api=object()) as onboarding:
        waiting = await onboarding.start(Questionnaire, **START)
        ended = await onboarding.start(Questionnaire, **START)
        await onboarding.send(ended.id, "answered", **INPUT)
        assert (await onboarding.wait(ended.id, timeout=_PATIENCE)).status is Status.DONE
        given_up = await onboarding.start(Questionnaire, **START)
        await onboarding.cancel(given_up.id, "given up")
    async with Onboarding(settings, flows=[Questionnaire], api=object(), worker=False) as onboarding:
        due = await onboarding.start("task-watch", user_id="nobody", task_type="JOB_TYPE_TA_OPEN")
    return [waiting.id, ended.id, given_up.id, due.id]
