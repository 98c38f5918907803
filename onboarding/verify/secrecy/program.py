"""The command line, run as people run it, over journals that the scenes have left and for somebody new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from onboarding.machine import Flow
from onboarding.sandbox import SandboxDesk
from onboarding.verify.plan import Plan
from onboarding.verify.rehearsal import cast
from onboarding.verify.secrecy.canaries import Canaries
from onboarding.verify.secrecy.evidence import Evidence
from onboarding.verify.secrecy.files import bytes_in
from onboarding.verify.secrecy.processes import Command, run_all

__all__ = ["Seen", "looks", "looks_on_server", "program_runs"]

_ENDED = (0, 3, 4)
"""A journey that ended well, is parked, or waits."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a call of the command line.

    Attributes:
        place: where.
        content: what.
        canaries: of whom.
        failed: whether the call itself failed, so that nothing was proved.
    """

    place: str
    content: bytes | str = field(repr=False)
    canaries: Canaries = field(repr=False)
    failed: bool = False


def looks(plan: Plan, left: Sequence[Evidence], most: int) -> Iterator[Seen]:
    """What the command line prints about the journeys that the scenes have left, so many of each flow."""
    asked: list[tuple[Evidence, Command]] = []
    for each in plan.sample("secrets looks", list(left), 1):
        calls: list[tuple[str, ...]] = [("-vv", "list", "--json")]
        journeys = plan.rng("secrets", "looks", each.flow).sample(each.journeys, min(most, len(each.journeys)))
        calls += [("show", journey, *(["--json"] if number % 2 else [])) for number, journey in enumerate(journeys)]
        environment = {"ONBOARDING_JOURNAL": f"sqlite:///{each.folder / 'journal.db'}"}
        for number, arguments in enumerate(calls):
            folder = plan.folder / f"look {each.flow} {number}"
            asked.append((each, Command(arguments=arguments, folder=folder, environment=environment)))
    for (each, _), ran in zip(asked, run_all([command for _, command in asked], plan.jobs), strict=True):
        yield Seen(f"the output of {ran.command}", ran.told, each.canaries, failed=ran.code != 0)


def looks_on_server(plan: Plan, left: Evidence, settings: Mapping[str, str]) -> Iterator[Seen]:
    """What the command line prints about journeys on a server, and what others see of it meanwhile.

    Args:
        plan: whose folder takes what it leaves.
        left: what the scenes have left there.
        settings: those that name the journal and its keys.
    """
    journey = plan.rng("secrets", "looks", "server").choice(left.journeys)
    calls = (("-vv", "list", "--json"), ("show", journey, "--json"), ("audit",))
    commands = [
        Command(arguments=arguments, folder=plan.folder / f"look server {number}", environment=dict(settings))
        for number, arguments in enumerate(calls)
    ]
    for ran in run_all(commands, plan.jobs):
        yield Seen(f"the output of {ran.command} on the server", ran.told, left.canaries, failed=ran.code != 0)
        yield Seen(f"the list of processes during {ran.command} on the server", ran.arguments, left.canaries)
        for place, content in bytes_in(ran.command.folder):
            yield Seen(f"{place} of {ran.command}", content, left.canaries)


def program_runs(plan: Plan, flows: Sequence[type[Flow]], desk: SandboxDesk, token: str) -> Iterator[Seen]:
    """Run journeys of somebody new with the command line, and look at it meanwhile."""
    commands, canaries = [], Canaries(token)
    for flow in plan.sample("secrets runs", list(flows), 1):
        name = flow.definition.name
        role = cast(flow, desk, plan.rng("secrets", name, "the command line"))
        canaries.learn_role(role, f"the command line's {name}")
        folder = plan.folder / f"run {name}"
        environment = {
            "ONBOARDING_BASE_URL": desk.url, "ONBOARDING_TENANT_ID": "T001117", "ONBOARDING_API_TOKEN": token,
            "ONBOARDING_JOURNAL": f"sqlite:///{folder / 'private' / 'journal.db'}", "ONBOARDING_POLL_EVERY": "0.1s",
        }  # fmt: skip
        before, after = ("-vv", "--log-json", "log.jsonl", "run"), ("--secrets-from", "-", "--json", "--timeout", "3s")
        handed_in = json.dumps(role.fields, default=str)
        commands.append(
            Command(
                arguments=(*before, f"{flow.__module__}:{flow.__qualname__}", *after), folder=folder,
                environment=environment, handed_in=handed_in,
            )
        )  # fmt: skip
    ended = list(run_all(commands, plan.jobs))
    canaries.learn_desk(desk, "the command line")
    for ran in ended:
        failed = ran.code not in _ENDED
        yield Seen(f"the output of {ran.command}", ran.told, canaries, failed=failed)
        yield Seen(f"the list of processes during {ran.command}", ran.arguments, canaries)
        # The token is there because its user put it there.
        surroundings = ran.environment.replace(b"ONBOARDING_API_TOKEN=%b" % token.encode(), b"")
        yield Seen(f"the environment of {ran.command}", surroundings, canaries)
        for place, content in bytes_in(ran.command.folder):
            yield Seen(f"{place} of {ran.command}", content, canaries)
