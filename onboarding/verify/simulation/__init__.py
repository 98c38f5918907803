"""The simulation: tens of thousands of journeys on a virtual clock, with everything going wrong that can.

- ``clocks``, ``walk``: time that costs none; coroutines that can be left as a crash leaves them
- ``wire``, ``commits``, ``process``: requests that are late or lost, writes that are lost, processes that die
- ``person``, ``desk``: who answers, and the broker's back office
- ``world``: all of that together; ``tale``: what happened; ``judgement``: what must hold at the end of every journey
- ``part``: as many worlds as are wanted
"""

from __future__ import annotations

from onboarding.verify.simulation.part import Simulation

__all__ = ["Simulation"]
