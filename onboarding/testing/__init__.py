"""For tests of journeys: a clock that is moved by hand, and pytest fixtures.

- ``clock``: ``VirtualClock``
- ``plugin``: the fixtures ``sandbox`` and ``sandbox_settings``, found by pytest where this package is installed
"""

from onboarding.testing.clock import VirtualClock

__all__ = ["VirtualClock"]
