"""For tests of journeys: a clock that is moved by hand, and pytest fixtures.

- ``clock``: ``VirtualClock``
- ``local_server``: what a stand-in for the other side listens with: of the verifier, and of this package's own tests
- ``plugin``: the fixtures ``sandbox`` and ``sandbox_settings``, found by pytest where this package is installed
"""

from onboarding.testing.clock import VirtualClock

__all__ = ["VirtualClock"]
