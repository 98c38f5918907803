"""The model: the engine against a small plain reference, whatever happens to both of them.

- ``reference``: what the engine should do, in memory, one thing after the other
- ``stage``: one journey played twice, by the engine and by the reference, each before a sandbox of its own
- ``play``: the moves, drawn by hypothesis; ``part``: so many plays of each flow
"""

from __future__ import annotations

from onboarding.verify.model.part import Model

__all__ = ["Model"]
