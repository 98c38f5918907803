"""What Alembic runs: the versions, on the connection and in the transaction that it is handed."""

from __future__ import annotations

from alembic import context

from onboarding.journal.postgres.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    # The session's own transaction holds all of it, under an advisory lock.
    transactional_ddl=False,
)
context.run_migrations()
