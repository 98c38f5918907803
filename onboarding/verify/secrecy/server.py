"""What a journal on a server leaves there: every value of every row, and what the server shows of its statements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from onboarding.journal import Keyring
from onboarding.machine import Flow
from onboarding.sandbox import SandboxDesk
from onboarding.testing import VirtualClock
from onboarding.verify.databases import Databases
from onboarding.verify.plan import Plan
from onboarding.verify.secrecy.errors import told
from onboarding.verify.secrecy.evidence import Evidence
from onboarding.verify.secrecy.house import house_of
from onboarding.verify.secrecy.logs import everything_logged
from onboarding.verify.secrecy.objects import kept, shown
from onboarding.verify.secrecy.ruins import error_of_other_keys
from onboarding.verify.secrecy.scenes import play_scenes

__all__ = ["evidence_on_server", "rows_on_server"]

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
_STATEMENTS = "SELECT query FROM pg_stat_activity WHERE datname = current_database()"


async def evidence_on_server(
    plan: Plan, flow: type[Flow], turn: tuple[int, int], folder: Path, desk: SandboxDesk, clock: VirtualClock,
    token: str, databases: Databases,
) -> Evidence:  # fmt: skip
    """Play the scenes of a flow on a journal of its own on the server, and gather what they leave."""
    case = flow.definition.name
    databases.make(case)
    with everything_logged() as logs:
        async with house_of(plan, flow, databases.settings(case), desk, clock, token) as house:
            found = Evidence(case, folder, house.canaries)
            found.scenes = await play_scenes(plan, house, *turn)
            found.places += [each async for each in shown(house)]
            found.places += [each async for each in kept(house)]
            found.places += rows_on_server(databases, case)
            found.journeys = [journey.id for journey in await house.onboarding.list(limit=1000)]
            other = house.onboarding.settings.model_copy(update={"keys": [Keyring.generate_key()]})
        errors = [*house.errors, *await error_of_other_keys(other)]
    found.canaries.keys["the key"] = databases.key
    found.errors = len(errors)
    found.places += [(f"an exception, {type(error).__name__}", told(error)) for error in errors]
    found.places.append(("the logs", logs.getvalue()))
    return found


def rows_on_server(databases: Databases, case: str) -> Iterator[tuple[str, bytes | str]]:
    """Every text and every blob of a case's database, and the statements that its sessions did last."""
    for (name,) in databases.ask_in(case, _TABLES):
        values = [value for row in databases.ask_in(case, f'SELECT * FROM "{name}"') for value in row]  # noqa: S608 - out of the database itself
        yield f"the table {name} on the server", "\n".join(value for value in values if isinstance(value, str))
        yield f"the table {name} on the server", b"\n".join(value for value in values if isinstance(value, bytes))
    yield (
        "the statements that the server shows",
        "\n".join(str(query) for (query,) in databases.ask_in(case, _STATEMENTS)),
    )
