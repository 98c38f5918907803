"""One file a version; the newest is ``onboarding.journal.schema.NEWEST``."""
