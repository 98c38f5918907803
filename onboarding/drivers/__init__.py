"""Drivers: they decide which journey is advanced when and where, and add nothing to correctness.

- ``worker``: the embedded worker, also for one pass of a cron job
"""

from onboarding.drivers.worker import Worker

__all__ = ["Worker"]
