"""The demo's worker, which ends when the demo does, however that ends: ``python -m onboarding.cli.demo.leash``.

It holds one end of a pipe to the demo as its standard input. The kernel closes the other end even for a demo that was
killed with SIGKILL, which can ask nobody to stop.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from onboarding.cli import main

__all__: list[str] = []


def _watch() -> None:
    """Stop in good order, as on SIGTERM, once nobody holds the other end any more."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_watch, daemon=True).start()
    main(["-v", "worker"])
