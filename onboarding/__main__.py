"""``python -m onboarding``: the same as the command ``onboarding``."""

from __future__ import annotations

from onboarding.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
