"""The versions of the tables in PostgreSQL: a lineage of their own, which Alembic finds here."""

from __future__ import annotations

__all__ = ["NEWEST", "VERSIONS", "VERSION_TABLE"]

NEWEST = "0002"
VERSIONS = ("0001", "0002")
VERSION_TABLE = "journal_version"
