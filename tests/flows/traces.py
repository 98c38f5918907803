"""Gathers all that a run tells: logs, views, errors; and the canaries that only this run has made."""

from __future__ import annotations

import io
import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from loguru import logger
from stage import Stage


def learnt(stage: Stage) -> dict[str, str]:
    """What nobody could know before: ids, codes, tickets."""
    stage.sandbox.settle()
    made = {f"user id {n}": user.id for n, user in enumerate(stage.sandbox.users)}
    made |= {f"code {n}": message.code for n, message in enumerate(stage.sandbox.mailbox.messages())}
    return made | {f"ticket {n}": ticket for n, ticket in enumerate(stage.sandbox.tickets._tickets)}


def said(error: BaseException) -> str:
    """What an error says of itself, to whoever prints, stores or sends it."""
    return f"{error} {error!r} {error.args!r} {vars(error)!r} {pickle.dumps(error)!r}"


def told(error: BaseException) -> str:
    """The above, and a traceback with the values of all frames, except those of the tests' own."""
    everything = [traceback.TracebackException.from_exception(error, capture_locals=True)]
    for one in everything:
        everything += [linked for linked in (one.__cause__, one.__context__) if linked is not None]
        for frame in [frame for frame in one.stack if "/tests/" in frame.filename]:
            one.stack.remove(frame)
    return "".join("".join(one.format(chain=False)) for one in everything) + said(error)


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Every record of both kinds of logs, at their lowest levels, with all that it carries."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)r"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logger.enable("onboarding")
    sink = logger.add(stream, level=0, format="{message} {extra}", serialize=True, diagnose=True, backtrace=True)
    try:
        yield stream
    finally:
        logger.remove(sink)
        logger.disable("onboarding")
        root.removeHandler(handler)
        root.setLevel(level)


async def shown(stage: Stage) -> dict[str, str]:
    """All that the library tells about a journey, by where."""
    journey, rows = stage.journey, await stage.history()
    [listed] = [each for each in await stage.onboarding.list(limit=1000) if each.id == journey.id]
    onboarding = stage.onboarding
    return {
        "journey": f"{journey!r} {journey} {journey.data!r} {journey.data} {json.dumps(journey.public())}",
        "secrets": " ".join(repr(value) for value in vars(journey.data).values() if hasattr(value, "get_secret_value")),
        "list": f"{listed!r} {pickle.dumps(listed)!r} {json.dumps(listed.public())}",
        "history": f"{rows!r} {[asdict(row) for row in rows]} {pickle.dumps(rows)!r}",
        "events": f"{stage.events!r} {pickle.dumps(stage.events)!r}",
        "objects": f"{onboarding!r} {onboarding.engine!r} {onboarding.settings!r} {stage.api!r} {onboarding.journal!r}",
        "counts": repr(await onboarding.count()),
        "errors": " ".join(said(error) for error in stage.refused),
    }
