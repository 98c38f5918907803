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
        self.cases: dict[str, str] = {}
        """The scene in which a canary came up, by its name."""
        self._seen: dict[str, set[str]] = {"code": set(), "user id": set()}

    @property
    def all(self) -> dict[str, str]:
        """All of them."""
        return {**self.values, **self.keys}

    def add(self, what: str, value: str, scene: str) -> None:
        """One more, unless it is a word that anybody might say."""
        if len(value) >= _SHORTEST and sum(letter.isdigit() for letter in value) >= _FEWEST_DIGITS:
            name = f"{what} of {scene}"
            self.values[name] = value
            self.cases[name] = scene

    def learn_role(self, role: Role, scene: str) -> None:
        """The person of a scene."""
        for name, value in role.secrets.items():
            self.add(name, value, scene)

    def learn_answers(self, passed: Iterable[Passed], scene: str) -> None:
        """What the service handed out: tickets, and codes in answers."""
        for number, each in enumerate(passed):
            if isinstance(each.data, str):
                self.add(f"answer {number} to {each.endpoint.name}", each.data, scene)

    def learn_desk(self, desk: SandboxDesk, scene: str) -> None:
        """What only the service knows, as far as it is new: codes that it sent, and ids."""
        made = {
            "code": [message.code for message in desk.messages()],
            "user id": [str(user["userId"]) for user in desk.users()],
        }
        for what, values in made.items():
            for value in values:
                if value not in self._seen[what]:
                    self._seen[what].add(value)
                    self.add(f"{what} {len(self._seen[what])}", value, scene)

    def learn_keys(self, file: Path) -> None:
        """The keys of a journal: they may be in their own file, and nowhere else."""
        for number, line in enumerate(file.read_text().split()):
            if len(line) >= _SHORTEST * 4:
                self.keys[f"key {number}"] = line
