"""A process of the verifier ends when whoever started it does, however that ends; and all that it has started with it.

It holds one end of a pipe to its starter as its standard input. The kernel closes the other end even for one that was
killed with SIGKILL, which can ask nobody to stop. Somebody has to notice: a small process that does nothing else, since
threads and forks do not go together, and what is watched may be stopped, or in the midst of anything.
"""

from __future__ import annotations

import os
import signal
from typing import NoReturn

__all__ = ["put_on"]

_FILES = 1024
"""Open files that it may have been born with: none of those of the process that it watches may stay open here."""


def put_on() -> None:
    """End with the other end of standard input; to be called before there are threads, by the first of a session.

    What is to be read from standard input must have been read. Nothing is done where processes cannot be forked.
    """
    if hasattr(os, "fork") and os.getpgrp() == os.getpid() and os.fork() == 0:
        _watch()


def _watch() -> NoReturn:
    try:
        # Whoever listens to the process that is watched must not wait for this one.
        quiet = os.open(os.devnull, os.O_RDWR)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.closerange(3, _FILES)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        while os.read(0, 1):
            pass
        os.killpg(os.getpgrp(), signal.SIGKILL)
    finally:
        os._exit(1)
