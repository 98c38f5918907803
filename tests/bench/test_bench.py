"""The benchmark: what it measures, whom, and against what; and that it runs. It measures nothing here."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from benchmarks import rows
from benchmarks.bench import Bench, Load, Options
from benchmarks.contenders.calls import CALLS, TENANT, TOKEN, USER, HttpxCalls, call, person, understood
from benchmarks.contenders.catalogue import CONTENDERS, PROJECT, Contender
from benchmarks.contenders.registration import BenchmarkRegistration
from benchmarks.contenders.task import Task
from benchmarks.environments import PEERS, versions
from benchmarks.report import page, picture, table
from benchmarks.results import Entry, Measured, Results
from benchmarks.services.postgres import NotThere
from benchmarks.services.stub import stub
from benchmarks.services.stub_server import Connection, Stub
from benchmarks.targets import LINES, TARGETS, Target, judged
from onboarding import Onboarding, Settings

ROOT = Path(__file__).parents[2]

TIMES = "\N{MULTIPLICATION SIGN}"

# The table of what must be reached: each line with how many bounds it gives.
ASKED = {
    "durable journeys": 5,
    "one at a time": 1,
    "peers": 8,
    "commits": 2,
    "parked or polling journeys": 12,
    "after kill -9": 4,
    "polling": 2,
    "start-up": 2,
    "growth": 2,
}


def measured(**speeds: list[float]) -> Measured:
    """A row with these journeys a second, by contender and round."""
    entries = {
        name.replace("_", "-"): Entry(name, [{"journeys_per_s": speed, "cpu_ms": 1000 / speed} for speed in found])
        for name, found in speeds.items()
    }
    return Measured("a row", entries, "2026-11-23 01:00 UTC", 1.0)


def test_every_line_that_was_asked_for_has_its_targets() -> None:
    assert tuple(ASKED) == LINES
    assert {line: sum(target.line == line for target in TARGETS) for line in LINES} == ASKED


def test_every_row_is_found_and_each_of_its_comparisons_names_a_contender() -> None:
    found = rows.every()
    assert [name for name in found if found[name].place <= 20] == ["journeys", "jittered", "alone", "startup"]
    for name in ("journeys", "jittered", "alone"):
        assert {against for _, _, against in found[name].ratios} <= CONTENDERS.keys()


@pytest.mark.parametrize("target", [target for target in TARGETS if target.row in ("journeys", "jittered", "alone")])
def test_a_target_of_journeys_compares_contenders_that_there_are(target: Target) -> None:
    assert {target.contender, target.against or target.contender} <= CONTENDERS.keys()


def test_every_contender_has_a_program_and_pinned_versions() -> None:
    for contender in CONTENDERS.values():
        assert (ROOT / "benchmarks" / "contenders" / f"{contender.program}.py").is_file()
        assert contender.environment == PROJECT or (PEERS / f"{contender.environment}.txt").is_file()
    for file in PEERS.glob("*.txt"):
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    assert {"dbos", "temporalio", "langgraph", "apache-burr", "procrastinate", "httpx"} <= versions().keys()


@pytest.mark.parametrize(
    ("value", "bound", "at_least", "met"), [(2.0, 2, True, True), (1.9, 2, True, False), (2.1, 2, False, False)]
)
def test_a_target_is_judged_by_the_median_of_the_rounds_ratios(
    value: float, bound: float, at_least: bool, met: bool
) -> None:
    # The first round was disturbed for both; the last for one.
    row = measured(ours=[10 * value, 100 * value, 100 * value, 1], theirs=[10, 100, 100, 100])
    target = Target("peers", "", "journeys", "ours", "journeys_per_s", bound, at_least, "theirs")
    assert target.value({"journeys": row}) == pytest.approx(value)
    assert target.met({"journeys": row}) is met


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {target["met"] for target in judged({})} == {None}
    assert {target["met"] for target in judged({"journeys": measured(ours=[1])})} == {None}


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = Results({"journeys": measured(ours=[1, 2], theirs=[])}, {"dbos": "3.4.0"})
    results.rows["journeys"].entries["theirs"].skipped = "not installed"
    results.write(tmp_path / "results.json", judged(results.rows))
    assert Results.read(tmp_path / "results.json") == results


def test_the_reports_name_everybody_with_figures_or_with_the_reason_why_not() -> None:
    row = measured(bare_httpx=[100, 120], onboarding_sqlite=[250, 260], dbos_sqlite=[])
    row.entries["dbos-sqlite"].skipped = "cannot be installed"
    results = Results({"journeys": row}, {"dbos": "3.4.0"})
    console = Console(width=200, file=StringIO(), record=True)
    table.show(results, rows.every(), judged(results.rows), console)
    words = page.write(results, rows.every(), judged(results.rows), profile=False)
    for text in (console.export_text(), words):
        assert "255" in text
        assert "cannot be installed" in text
        assert f"2.33 {TIMES}" in text  # the median of 2.5 and 2.17
    drawn = picture.draw(row)
    ET.fromstring(drawn)
    assert (">255<" in drawn, ">110<" in drawn, "dbos" in drawn) == (True, True, False)


@pytest.mark.anyio
async def test_the_four_calls_are_those_that_the_adapter_sends(tmp_path: Path) -> None:
    received: list[bytes] = []

    class Recording(Connection):
        def data_received(self, data: bytes) -> None:
            received.append(data)
            super().data_received(data)

    answering = Stub(0, 0)
    server = await asyncio.get_running_loop().create_server(lambda: Recording(answering), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = Settings(
        base_url=url, tenant_id=TENANT, api_token=TOKEN, journal="memory://", key_file=tmp_path / "keys", _env_file=None
    )
    async with Onboarding(settings) as onboarding:
        assert (await onboarding.run(BenchmarkRegistration(**person(7)))).state == "registered"
    theirs = requests(received)
    received.clear()
    async with HttpxCalls(Task(url, 1, 0, 1, "")) as calls:
        await calls.journey(7)
    server.close()
    assert requests(received) == theirs
    assert [(target, body or None) for target, body, _ in theirs] == [call(7, step) for step in range(CALLS)]


def requests(received: list[bytes]) -> list[tuple[str, bytes, set[bytes]]]:
    """Target, body and headers of each request, but for what the HTTP libraries add."""
    found = []
    for request in b"".join(received).split(b"POST ")[1:]:
        head, _, body = request.partition(b"\r\n\r\n")
        line, *headers = head.split(b"\r\n")
        ours = {header for header in headers if not header.lower().startswith((b"host:", b"connection:"))}
        found.append((line.partition(b" ")[0].decode(), body, {header.lower() for header in ours}))
    return found


def test_the_stub_answers_pieces_and_several_requests_at_once_and_counts_them() -> None:
    with stub() as running, socket.create_connection(("127.0.0.1", running.port)) as connection:
        body = b'{"a":"b"}'
        request = b"POST /v1/api/user/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n" + body
        for piece in (request[:30], request[30:-3], request[-3:] + request):
            connection.sendall(piece)
        answers = b""
        while answers.count(b"m0000000") < 2:
            answers += connection.recv(4096)
        assert running.used()[0] == 2
    assert understood(200, answers.rpartition(b"\r\n\r\n")[2])["userId"] == USER
    for status, answer in ((500, b"{}"), (200, b'{"mcode":"m0009000","result":false}')):
        with pytest.raises(ValueError, match="the stub"):
            understood(status, answer)


def test_who_fails_is_a_line_that_says_why_and_not_the_end(tmp_path: Path) -> None:
    bench = Bench(Options(rounds=3, quick=True), tmp_path, ExitStack())
    broken = Contender("broken", "a program that there is not", "no_such_program")
    options = {"library": "no_such_library", "client": "adapter"}
    absent = Contender("absent", "a client that there is not", "bare_httpx", options=options)
    with stub() as running:
        load = Load(2, 0, 2)
        entries = bench.interleaved(
            {one.name: (one.about, partial(bench.run, one, load, running)) for one in (broken, absent)}
        )
    assert "No module named" in entries["broken"].skipped
    assert "no_such_library" in entries["absent"].skipped
    assert "/" not in entries["broken"].skipped  # a report names no path of the machine
    assert [entry.rounds for entry in entries.values()] == [[], []]


def test_contenders_take_turns_and_who_fails_at_first_or_twice_is_not_run_again(tmp_path: Path) -> None:
    bench, turns = Bench(Options(rounds=5), tmp_path, ExitStack()), []

    def taking(name: str, fails: tuple[int, ...] = ()) -> dict[str, float]:
        turns.append(name)
        if turns.count(name) in fails:
            raise NotThere("it is not there")
        return {"seconds": turns.count(name)}

    runs = {"a": partial(taking, "a"), "b": partial(taking, "b", (1,)), "c": partial(taking, "c", (2, 4))}
    entries = bench.interleaved({name: (name, run) for name, run in runs.items()})
    assert "".join(turns) == "abc" + "ac" + "ac" + "ac" + "a"
    assert entries["a"] == Entry("a", [{"seconds": number} for number in range(1, 6)])
    assert entries["b"] == Entry("b", [], "it is not there")
    assert entries["c"] == Entry("c", [{"seconds": 1}, {}, {"seconds": 3}], "it is not there")
    assert (entries["c"].median("seconds"), entries["b"].median("seconds")) == (2, None)


@pytest.mark.slow
def test_a_quick_run_of_journeys_measures_this_package(tmp_path: Path) -> None:
    bench = Bench(Options(rounds=1, quick=True, peers=False), tmp_path, ExitStack())
    with stub() as running:
        figures = bench.run(CONTENDERS["onboarding-sqlite"], Load(20, 5, 5), running)
    assert figures["rows_per_journey"] == 5
    assert figures["journeys_per_s"] > 0
    assert figures["p50_ms"] <= figures["p99_ms"]


@pytest.mark.slow
def test_the_command_measures_what_it_is_told_to_and_writes_it_down(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "benchmarks", "--quick", "--only", "startup", "--into", str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("round 3:")) == (0, 3)
    kept = json.loads((tmp_path / "results.json").read_text())
    assert set(kept["rows"]) == {"startup"}
    assert set(kept["rows"]["startup"]["entries"]) == {"python", "import", "help"}
    judgements = {target["says"]: target["met"] for target in kept["targets"]}
    assert judgements["`import onboarding`"] is not None
    assert "A quick run" in (tmp_path / "index.md").read_text()
