"""Every guard that can be left out, by the room in which it stands. Importing this declares them all."""

from __future__ import annotations

from onboarding.verify.guards import api, engine, journal, secrets

__all__ = ["api", "engine", "journal", "secrets"]
