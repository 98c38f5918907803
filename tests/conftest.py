"""What all tests share."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# The same examples in every run: what is found by chance is found by hand, with --hypothesis-profile=chance.
settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("chance", max_examples=1000)
settings.load_profile("same")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The whole run goes over three processes, a file in one; what is asked for by name runs in this one.

    Three on two cores: much of what the tests do is to wait for a real process, a deadline, a disk.
    """
    if "PYTEST_XDIST_WORKER" in os.environ or hasattr(config, "workerinput"):
        return  # one of the three, or a run within a test: it must not spread again
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and config.option.numprocesses is None:
        config.option.numprocesses, config.option.dist = 3, "loadfile"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the developer's reaches a test, and no test writes into the user's data folder."""
    for name in list(os.environ):
        if name.startswith("ONBOARDING_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
