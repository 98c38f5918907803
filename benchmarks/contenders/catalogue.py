"""Every contender: its program, its environment, and how many journeys make a round of it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["CONTENDERS", "PROJECT", "Contender"]

PROJECT = ""
"""The environment of this project itself, in which the benchmark runs too."""

# Peers are given the quicker client of the httpx family: none is held back by the pool of httpx 0.28.
_PEERS_CLIENT = {"library": "httpx2"}


@dataclass(frozen=True, slots=True)
class Contender:
    """One that takes part.

    Attributes:
        name: in results and targets, kept for ever.
        about: what it is, for people.
        program: a module of ``benchmarks.contenders``.
        environment: the name of a file in ``peers/``; ``PROJECT`` for our own.
        options: handed to the program.
        service: what it needs: ``postgres`` or ``temporal``.
        durable: whether a crash loses nothing of what it has reported.
        peer: whether it is a project that does what this one does: left out by ``--without-peers``.
        journeys: how many a round measures at 50 in flight: some seconds' worth on a machine of two cores.
    """

    name: str
    about: str
    program: str
    environment: str = PROJECT
    options: dict[str, str] = field(default_factory=dict)
    service: str = ""
    durable: bool = True
    peer: bool = False
    journeys: int = 2000


_ALL = (
    Contender(
        "bare-httpx", "bare script, httpx 0.28, 20 requests at once", "bare_httpx", "httpx",
        {"library": "httpx", "client": "own", "at_once": "20"}, durable=False, journeys=1000,
    ),
    Contender(
        "bare-httpx-all", "bare script, httpx 0.28, as many requests at once as journeys", "bare_httpx", "httpx",
        {"library": "httpx", "client": "own"}, durable=False, journeys=1000,
    ),
    Contender(
        "bare-httpx-few", "bare script, httpx 0.28, 10 requests at once", "bare_httpx", "httpx",
        {"library": "httpx", "client": "own", "at_once": "10"}, durable=False, journeys=1000,
    ),
    Contender(
        "bare-adapter", "bare script, httpx on the adapter's pool", "bare_httpx",
        options={"library": "httpx", "client": "adapter"}, durable=False,
    ),
    Contender(
        "bare-pool", "bare script, the adapter's pool alone", "bare_httpx",
        options={"library": "httpx", "client": "pool"}, durable=False,
    ),
    Contender(
        "bare-httpx2", "bare script, httpx2", "bare_httpx", "httpx2",
        {"library": "httpx2", "client": "own"}, durable=False,
    ),
    Contender(
        "bare-adapter-fast", "bare script, httpx2 on the adapter's pool", "bare_httpx",
        options={"library": "httpx2", "client": "adapter"}, durable=False,
    ),
    Contender("bare-aiohttp", "bare script, aiohttp", "bare_aiohttp", "aiohttp", durable=False, journeys=4000),
    Contender(
        "onboarding-sqlite", "onboarding, SQLite", "onboarding_journeys",
        options={"journal": "sqlite", "extras": "core"},
    ),
    Contender(
        "onboarding-sqlite-fast", "onboarding, SQLite, with the extra fast", "onboarding_journeys",
        options={"journal": "sqlite", "extras": "fast"},
    ),
    Contender(
        "onboarding-postgres", "onboarding, PostgreSQL", "onboarding_journeys",
        options={"journal": "postgres", "extras": "core"}, service="postgres",
    ),
    Contender(
        "onboarding-postgres-fast", "onboarding, PostgreSQL, with the extra fast", "onboarding_journeys",
        options={"journal": "postgres", "extras": "fast"}, service="postgres",
    ),
    Contender(
        "dbos-sqlite", "DBOS, SQLite", "dbos_peer", "dbos",
        {"database": "sqlite", "pool": "20", **_PEERS_CLIENT}, peer=True, journeys=200,
    ),
    Contender(
        "dbos-wal", "DBOS, SQLite set to WAL", "dbos_peer", "dbos",
        {"database": "wal", "pool": "20", **_PEERS_CLIENT}, peer=True, journeys=300,
    ),
    Contender(
        "dbos-postgres", "DBOS, PostgreSQL", "dbos_peer", "dbos",
        {"database": "postgres", "pool": "20", **_PEERS_CLIENT}, "postgres", peer=True, journeys=300,
    ),
    Contender(
        "temporal", "Temporal's dev server", "temporal_peer", "temporal",
        {"activities": "normal", **_PEERS_CLIENT}, "temporal", peer=True, journeys=100,
    ),
    Contender(
        "temporal-local", "Temporal's dev server, local activities", "temporal_peer", "temporal",
        {"activities": "local", **_PEERS_CLIENT}, "temporal", peer=True, journeys=150,
    ),
    Contender(
        "langgraph", "LangGraph, SQLite checkpointer", "langgraph_peer", "langgraph",
        dict(_PEERS_CLIENT), peer=True, journeys=400,
    ),
    Contender(
        "burr", "Burr, SQLite persister set to WAL", "burr_peer", "burr", dict(_PEERS_CLIENT), peer=True, journeys=800,
    ),
    Contender(
        "procrastinate", "Procrastinate, a job a journey", "procrastinate_peer", "procrastinate",
        {"pool": "20", **_PEERS_CLIENT}, "postgres", peer=True, journeys=1000,
    ),
)  # fmt: skip

CONTENDERS = {contender.name: contender for contender in _ALL}
"""Every contender by its name, in the order of a round."""
