"""A worker in a process of its own, to be killed: ``python worker_child.py``, set up by the environment."""

from __future__ import annotations

import asyncio
import signal

from onboarding import Onboarding


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Onboarding():
        print("ready", flush=True)
        await stop.wait()


asyncio.run(main())
