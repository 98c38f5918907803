"""``Onboarding``, the one object that a user holds, in sections.

- ``onboarding``: the object itself: it starts journeys, waits for them, and goes along with them
- ``asking``: inputs, and what else is asked of a journey that is under way
- ``reading``: one journey, pages of them, their histories
- ``keeping``: the journal as a whole: forgetting, archives, audits
- ``opened``: its parts, opened and closed, which the sections share
"""

from onboarding.answers import Answer
from onboarding.service.onboarding import Onboarding
from onboarding.service.reading import History, JourneyPage

__all__ = ["Answer", "History", "JourneyPage", "Onboarding"]
