"""One owner: several processes on one journal, which are stopped, continued and killed at any instant.

- ``actors``: what each process does; ``rounds``: how they are disturbed; ``part``: all of it, as a part
"""

from __future__ import annotations

from onboarding.verify.owners.part import Owners

__all__ = ["Owners"]
