"""Archives what has ended, in a process of its own, to be killed: ``python archive_child.py PLACE``."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from onboarding import Onboarding


async def main() -> None:
    async with Onboarding(worker=False) as onboarding:
        done = await onboarding.archive(timedelta(0), sys.argv[1])
        print(done.journeys, flush=True)


asyncio.run(main())
