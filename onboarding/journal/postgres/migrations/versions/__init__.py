"""One file a version; the newest is ``onboarding.journal.postgres.migrations.NEWEST``."""
