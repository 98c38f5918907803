"""The crash matrix: every flow, every step, every kill point, every fate; the kill is a SIGKILL of a real process.

- ``cases``: what is tried; ``watch``, ``wrapped``: how a process is killed at one point of its way
- ``broker``: the sandbox, which kills too; ``user``: what a user does; ``trial``: one case
- ``errand``, ``child``: how processes are started and forked; ``nursery``: the one that all are forked from
"""

from __future__ import annotations

from onboarding.verify.crash.matrix import CrashMatrix

__all__ = ["CrashMatrix"]
