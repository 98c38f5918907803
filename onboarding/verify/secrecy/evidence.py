"""All that one flow leaves behind, by the place where it lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from onboarding.machine import Flow
from onboarding.sandbox import SandboxDesk
from onboarding.testing import VirtualClock
from onboarding.verify.plan import Plan
from onboarding.verify.secrecy.canaries import Canaries
from onboarding.verify.secrecy.errors import told
from onboarding.verify.secrecy.files import bytes_in, rows_of, temporary_files_in
from onboarding.verify.secrecy.house import house_of
from onboarding.verify.secrecy.logs import everything_logged
from onboarding.verify.secrecy.objects import kept, shown
from onboarding.verify.secrecy.ruins import errors_of_ruins
from onboarding.verify.secrecy.scenes import play_scenes

__all__ = ["Evidence", "evidence_of"]


@dataclass(slots=True)
class Evidence:
    """What a flow left.

    Attributes:
        flow: its name.
        folder: its journal's.
        journeys: their ids.
        canaries: all that must not be found.
        places: what lies where.
        scenes: how many were played.
        errors: how many exceptions are among it.
    """

    flow: str
    folder: Path
    canaries: Canaries
    journeys: list[str] = field(default_factory=list)
    places: list[tuple[str, bytes | str]] = field(default_factory=list, repr=False)
    scenes: int = 0
    errors: int = 0


async def evidence_of(
    plan: Plan, flow: type[Flow], turn: tuple[int, int], folder: Path, desk: SandboxDesk, clock: VirtualClock,
    token: str,
) -> Evidence:  # fmt: skip
    """Play the scenes of a flow (its turn is one of so many), and gather what they leave."""
    private = folder / "private"
    with everything_logged() as logs, temporary_files_in(folder / "temporary"):
        place = {"journal": f"sqlite:///{private / 'journal.db'}"}
        async with house_of(plan, flow, place, desk, clock, token) as house:
            found = Evidence(flow.definition.name, private, house.canaries)
            found.scenes = await play_scenes(plan, house, *turn)
            found.places += [each async for each in shown(house)]
            found.places += [each async for each in kept(house)]
            found.places += bytes_in(private)
            listed = list(await house.onboarding.list(limit=1000))
            settings, api = house.onboarding.settings, house.api
        found.journeys = [journey.id for journey in listed]
        found.places += bytes_in(private)
        found.places += rows_of(private / "journal.db")
        found.canaries.learn_keys(private / "journal.db.keys")
        ruin = folder / "ruin"
        _copy(private, ruin)
        elsewhere = settings.model_copy(update={"journal": f"sqlite:///{ruin / 'journal.db'}"})
        errors = [*house.errors, *await errors_of_ruins(ruin / "journal.db", elsewhere, listed, api)]
        found.places += bytes_in(folder / "temporary")
    found.errors = len(errors)
    found.places += [(f"an exception, {type(error).__name__}", told(error)) for error in errors]
    found.places.append(("the logs", logs.getvalue()))
    return found


def _copy(source: Path, to: Path) -> None:
    to.mkdir(mode=0o700)
    for file in source.iterdir():
        if file.suffix in (".db", ".keys"):
            copy = to / file.name
            copy.touch(mode=0o600)
            copy.write_bytes(file.read_bytes())
