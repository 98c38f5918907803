"""No way through any flow leaves a secret or a personal datum where it can be read."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from canaries import found
from people import CANARIES, PHONE
from stage import stage_on
from test_ways import SHIPPED
from traces import everything_logged, learnt, shown
from way import WAYS

from onboarding.journal import Change
from onboarding.sandbox import SandboxServer
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.thorough


@pytest.mark.anyio
@pytest.mark.parametrize("flow", list(SHIPPED))
async def test_no_way_through_a_flow_leaves_a_trace_of_anybody(
    server: SandboxServer, clock: VirtualClock, tmp_path: Path, flow: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "private"
    journeys, canaries = set(), dict(CANARIES)
    files: dict[str, bytes] = {}
    ways = [way for way in WAYS if way.flow is SHIPPED[flow]]
    with everything_logged() as logs:
        for way in ways:
            async with stage_on(server, clock, folder) as stage:
                await way.play(stage)
                here = {**CANARIES, **learnt(stage)}
                places = await shown(stage)
                assert {place: hits for place, text in places.items() if (hits := found(here, text))} == {}, str(way)
                canaries |= {f"{name}, {way}": canary for name, canary in learnt(stage).items()}
                journeys.add(stage.journey.id)
                if way is ways[-1]:
                    files |= {f"{path.name}, open": path.read_bytes() for path in folder.iterdir()}
    files |= {path.name: path.read_bytes() for path in folder.iterdir()}
    printed = capfd.readouterr()
    files |= {"logs": logs.getvalue().encode(), "printed": f"{printed.out}{printed.err}".encode()}
    for journey in journeys:
        assert journey.encode() in files["journal.db"]
        assert journey.encode() in files["logs"]
    assert {file: hits for file, content in files.items() if (hits := found(canaries, content))} == {}


FORMS = ["raw", "base64", "hex", "url", "json", "in a longer text", "in a row of a database"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("canary", [*CANARIES, "code", "ticket", "user id"])
def test_a_canary_that_got_out_is_found(form: str, canary: str) -> None:
    values = {
        **CANARIES, "code": "482913", "ticket": base64.b64encode(f"T001117TW{PHONE}482913".encode()).decode(),
        "user id": "0b0ad6c1-6f0c-4c59-8b9a-3a2d6f1c9e77",
    }  # fmt: skip
    value = values[canary]
    text: dict[str, str | bytes] = {
        "raw": f"--{value}--",
        "base64": base64.b64encode(f"x{value}yz".encode()),
        "hex": f"--{value.encode().hex()}--",
        "url": f"http://127.0.0.1/?a={quote(value)}&b=1",
        "json": json.dumps({"message": f"({value})"}),
        "in a longer text": f"the step failed: {value}; tried again",
        "in a row of a database": b"\x05\x81\x1d" + value.encode() + b"\x00\x0f",
    }
    assert any(hit.startswith(f"{canary} (") for hit in found(values, text[form]))


def test_digits_within_a_longer_number_are_no_code() -> None:
    assert found({"code": "482913"}, "took 0.482913 s; 1482913; a482913f-0000") == []


@pytest.mark.anyio
async def test_a_canary_in_an_open_part_of_the_journal_is_found_in_its_files(
    server: SandboxServer, clock: VirtualClock, tmp_path: Path
) -> None:
    folder = tmp_path / "private"
    async with stage_on(server, clock, folder) as stage:
        await stage.start(SHIPPED["password-reset"], phone=PHONE, new_password=CANARIES["password"])
        head = await stage.onboarding.journal.head(stage.journey.id)
        # A note is stored as it is: the control puts there what no flow would.
        noted = replace(head, revision=head.revision + 1, note=CANARIES["street"])
        await stage.onboarding.journal.write(Change(head=noted))
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    assert {hit.split(" (")[0] for hit in found(CANARIES, content)} == {"street"}
