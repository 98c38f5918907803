"""Disks that fail, powers that go, files that are damaged: nothing confirmed is lost, and what is broken is named.

- ``vfs``: everything that SQLite does to files passes by; ``disk``: one that fails, or forgets what was not synced
- ``broker``, ``witness``, ``world``: journeys on a journal on disk, and what the journal has promised
- ``stage``: what the cases of a process have in common; ``child``: that process; ``families``: which cases there are
- ``power_cut``, ``write_faults``, ``kills``: a process that ends, or a disk that fails, at any moment
- ``word``: what a journal promises; ``leaving``: who is forgotten, what is archived
- ``private``: files that others can reach
- ``aftermath``, and what comes before it: ``damaged_files``, ``damaged_rows``, ``old_copy``
- ``part``: cases are dealt out to processes
"""

from __future__ import annotations

from onboarding.verify.storage.part import Storage

__all__ = ["Storage"]
