"""A worker of its own: ``python worker_child.py``, set up by the environment; says ``ready``, ends on SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal

from portrait import Portrait

from onboarding import Onboarding
from onboarding.journal.postgres.leases import Leases


async def main() -> None:
    if os.environ.get("UNGUARDED"):  # what would be, if the lease were not looked at before a request leaves
        Leases.may_send = lambda self, journey: True  # type: ignore[method-assign]
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    async with Onboarding(flows=[Portrait]):
        print("ready", flush=True)
        await over.wait()


asyncio.run(main())
