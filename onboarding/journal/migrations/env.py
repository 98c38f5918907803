"""What Alembic runs: the versions, on the connection and in the transaction that it is handed."""

from __future__ import annotations

from alembic import context

from onboarding.journal.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The journal's own BEGIN IMMEDIATE holds all of it: SQLite can undo the making of a table.
    transactional_ddl=False,
)
context.run_migrations()
