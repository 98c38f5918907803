"""The canaries of a run: every secret and personal value that it has, those that only the run makes among them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from onboarding.sandbox import SandboxDesk
from onboarding.verify.answers.between import Passed
from onboarding.verify.rehearsal import Role

__all__ = ["Canaries"]

_FEWEST_DIGITS = 2
_SHORTEST = 6


class Canaries:
    """Values by what they are; each name says where it comes from, so that a finding needs no value."""

    def __init__(self, token: str) -> None:
        self.values = {"the token": token}
        self.keys: dict[str, str] = {}
        self.typed: set[str] = set()
        """Names of secrets that no journey may keep when it has ended."""

    @property
    def all(self) -> dict[str, str]:
        """All of them."""
        return {**self.values, **self.keys}

    def add(self, name: str, value: str) -> None:
        """One more, unless it is a word that anybody might say."""
        if len(value) >= _SHORTEST and sum(letter.isdigit() for letter in value) >= _FEWEST_DIGITS:
            self.values[name] = value

    def learn_role(self, role: Role, scene: str) -> None:
        """The person of a scene."""
        for name, value in role.secrets.items():
            self.add(f"{name} of {scene}", value)

    def learn_answers(self, passed: Iterable[Passed], scene: str) -> None:
        """What the service handed out: tickets, and codes in answers."""
        for number, each in enumerate(passed):
            if isinstance(each.data, str):
                name = f"answer {number} of {each.endpoint.name}, {scene}"
                self.add(name, each.data)
                self.typed.add(name)

    def learn_desk(self, desk: SandboxDesk) -> None:
        """What only the service knows: codes that it sent, and ids."""
        for message in desk.messages():
            self.add(f"code {message.n}", message.code)
            self.typed.add(f"code {message.n}")
        for number, user in enumerate(desk.users()):
            self.add(f"user id {number}", str(user["userId"]))

    def learn_keys(self, file: Path) -> None:
        """The keys of a journal: they may be in their own file, and nowhere else."""
        for number, line in enumerate(file.read_text().split()):
            if len(line) >= _SHORTEST * 4:
                self.keys[f"key {number}"] = line
