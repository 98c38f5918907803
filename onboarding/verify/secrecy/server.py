"""What a journal on a server leaves there: every table's bytes and values, and what the server shows of its statements.

Where the files of the server can be read (it runs here, and we may), those of the tables are searched too; in a full
run its log of changes as well: versions of rows that nobody can select any more lie there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
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
_NEWEST = 2
"""How many files of the log of changes: 16 MB each, and what was just played is in the last ones."""
_OURS = 16384
"""From this number on, files are of tables that somebody has made."""
_MAY_KNOW = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_PLACE = (
    "SELECT current_setting('data_directory'), oid::bigint FROM pg_catalog.pg_database "
    "WHERE datname = current_database()"
)
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
            found.places += rows_on_server(databases, case, full=plan.full)
            found.journeys = [journey.id for journey in await house.onboarding.list(limit=1000)]
            other = house.onboarding.settings.model_copy(update={"keys": [Keyring.generate_key()]})
        errors = [*house.errors, *await error_of_other_keys(other)]
    found.canaries.keys["the key"] = databases.key
    found.errors = len(errors)
    found.places += [(f"an exception, {type(error).__name__}", told(error)) for error in errors]
    found.places.append(("the logs", logs.getvalue()))
    return found


def rows_on_server(databases: Databases, case: str, *, full: bool) -> Iterator[tuple[str, bytes | str]]:
    """Every text and every blob of a case's database, and the statements that its sessions did last."""
    for (name,) in databases.ask_in(case, _TABLES):
        values = [value for row in databases.ask_in(case, f'SELECT * FROM "{name}"') for value in row]  # noqa: S608 - out of the database itself
        yield f"the table {name} on the server", "\n".join(value for value in values if isinstance(value, str))
        yield f"the table {name} on the server", b"\n".join(value for value in values if isinstance(value, bytes))
        yield f"the table {name} on the server, copied out", databases.copied(case, name)
    for place in _files(databases, case, full):
        with suppress(OSError):
            yield f"{place.name} of the server's files", place.read_bytes()
    yield (
        "the statements that the server shows",
        "\n".join(str(query) for (query,) in databases.ask_in(case, _STATEMENTS)),
    )


def _files(databases: Databases, case: str, full: bool) -> Iterator[Path]:
    """Those of a case's tables, where they are here and ours to read; ``full``: all of it, and the log of changes."""
    if not databases.ask_in(case, _MAY_KNOW)[0][0]:
        return
    databases.ask_in(case, "CHECKPOINT")
    [(folder, number)] = databases.ask_in(case, _PLACE)
    with suppress(OSError):
        for file in sorted((Path(folder) / "base" / str(number)).iterdir()):
            if full or _number(file) >= _OURS:
                yield file
        if not full:
            return
        written = sorted((each for each in (Path(folder) / "pg_wal").iterdir() if each.is_file()), key=_changed)
        yield from written[-_NEWEST:]


def _number(file: Path) -> int:
    number = file.name.partition("_")[0].partition(".")[0]
    return int(number) if number.isdigit() else 0


def _changed(file: Path) -> float:
    return file.stat().st_mtime
