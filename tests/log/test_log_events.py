"""The package is silent until it is asked to speak; then every transition is one event."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from onboarding import Onboarding, Settings
from onboarding.log import log
from onboarding.sandbox import SandboxDesk

PHONE, PASSWORD, NEW_PASSWORD = "15912345678", "Abcd1234", "Efgh5678"

EMBEDDING = """
import asyncio, sys
from loguru import logger
from onboarding import AccountApi, Onboarding, Settings
from onboarding.journal import MemoryJournal

async def run():
    settings = Settings(base_url=sys.argv[1], tenant_id="T001117", api_token="sandbox-token", cooldown="0s")
    async with Onboarding(settings, journal=MemoryJournal()) as onboarding:
        await onboarding.run("phone-verification", phone="15912345678", send_sms=False)

asyncio.run(run())
print("now it is asked to speak", file=sys.stderr, flush=True)
logger.enable("onboarding")
asyncio.run(run())
"""


@pytest.fixture
def records() -> Iterator[list[Any]]:
    """What the package says while it is enabled."""
    kept: list[Any] = []
    sink = logger.add(lambda message: kept.append(message.record), level=0, filter="onboarding")
    logger.enable("onboarding")
    yield kept
    logger.disable("onboarding")
    logger.remove(sink)


def test_an_application_that_embeds_it_hears_nothing_until_it_asks(sandbox: SandboxDesk, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOGURU_")}
    done = subprocess.run(
        [sys.executable, "-c", EMBEDDING, sandbox.url],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    before, _, after = done.stderr.partition("now it is asked to speak\n")
    assert (before, done.stdout) == ("", "")
    assert "requesting_code -> verifying_code (code_received)" in after
    assert PHONE not in after


@pytest.mark.anyio
async def test_each_transition_is_one_event_with_its_facts(
    sandbox: SandboxDesk, sandbox_settings: Settings, records: list[Any]
) -> None:
    sandbox.create_user("Demo", phone=PHONE, password=PASSWORD)
    sandbox.add_fault("2.3", "drop_after", times=1)
    sandbox.add_fault("2.2", "throttle_429", times=1)
    async with Onboarding(sandbox_settings.model_copy(update={"backoff_base": sandbox_settings.landing_delay})) as own:
        journey = await own.run("password-reset", phone=PHONE, new_password=NEW_PASSWORD, send_sms=False)
        rows = await own.history(journey.id)
    assert journey.ended_well
    assert {"started", "retry", "in_doubt"} <= {row.trigger for row in rows}
    events = [record["extra"] for record in records if record["extra"].get("journey") == journey.id]
    names = ("journey", "seq", "trigger", "source", "dest", "attempt", "duration", "mcode", "endpoint")
    assert [{name: event[name] for name in names} for event in events] == [
        {name: getattr(row, name) for name in names} for row in rows
    ]
    assert {event["flow"] for event in events} == {"password-reset"}
    assert events[-1]["status"] == "done"
    assert {record["level"].name for record in records} == {"INFO"}
    assert len(records) == len(rows), "nothing else is said of a journey that ends well"
    assert records[-1]["message"] == f"password-reset {journey.id}: proving_login -> password_reset (logged_in)"


def test_no_event_carries_an_exception_or_the_values_of_its_frames() -> None:
    stream = io.StringIO()
    sink = logger.add(stream, level=0, serialize=True, diagnose=True, backtrace=True)
    bird = "Bird+1234"
    try:
        int(bird)
    except ValueError as error:
        log.exception("a step failed with {}", type(error).__name__)
        log.opt(exception=error).warning("password={}", bird)
    finally:
        logger.remove(sink)
    said = [json.loads(line)["record"] for line in stream.getvalue().splitlines()]
    assert [record["message"] for record in said] == ["a step failed with ValueError", "password=•••"]
    assert [record["exception"] for record in said] == [None, None]
    assert bird not in stream.getvalue()
