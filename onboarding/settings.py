"""Settings: from the environment (``ONBOARDING_…``), a ``.env`` file, a folder of secrets, or ``onboarding.toml``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import (
    SettingsError as SourceError,
)

from onboarding.api import Meaning, TaskVerdict
from onboarding.errors import SettingsError
from onboarding.machine.fields import Duration
from onboarding.machine.quoting import quoted
from onboarding.machine.web_address import ANY_HOST, host_name
from onboarding.machine.wording import said
from onboarding.toml_file import problem_with_toml

__all__ = ["Settings", "data_folder"]

_PREFIX = "ONBOARDING_"
_ALIKE = 0.85
"""From how much alike on a name is taken for another one, mistyped."""
_CONFIG = f"{_PREFIX}CONFIG"
_SECRETS = f"{_PREFIX}SECRETS_DIR"
_OBJECT = '{"NAME": "value"}'
_ADDRESS = re.compile(r"([\w.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}")
_HEADER = re.compile(r"[!-~]+")
_FIELD = re.compile(r'field "(\w+)"')


def data_folder() -> Path:
    """The folder in which the journal and its keys are kept unless told otherwise."""
    return user_data_path("onboarding", appauthor=False)


def _split(value: object) -> object:
    """``a,b`` or a JSON list."""
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("["):
            return [part.strip() for part in text.split(",") if part.strip()]
        try:
            return json.loads(text)
        except ValueError:
            pass
        raise ValueError("must be a list: write a,b or a JSON list")
    # Of whatever can be counted through, a list would be made, item by item, however many there are.
    if not isinstance(value, list | tuple | set | frozenset):
        raise ValueError("must be a list")  # noqa: TRY004 - pydantic turns it into a sentence
    return value


class Settings(BaseSettings):
    """Everything that can be set. Each is read from ``ONBOARDING_`` and its name in capitals.

    An argument comes before the environment, that before ``.env``, that before the folder of secrets
    (``ONBOARDING_SECRETS_DIR``), that before the TOML file (``ONBOARDING_CONFIG``, or ``onboarding.toml`` here).
    Lengths of time are written ``90s``, ``15m``, ``36h``, ``14d``, or in seconds.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    # The Account API
    base_url: str = "https://account.api.lwork.com"
    tenant_id: str | None = None
    api_token: SecretStr | None = None
    language: str | None = None
    timeout: Duration = timedelta(seconds=10)
    connect_timeout: Duration = timedelta(seconds=5)
    pool_size: int = Field(default=20, ge=1, le=200)
    trust_env: bool = False
    result_codes: dict[str, Meaning] = {}
    final_states: dict[str, TaskVerdict] | None = None

    # The journal
    journal: str | None = None
    keys: Annotated[list[SecretStr], NoDecode, BeforeValidator(_split)] = []
    key_file: Path | None = None

    # How journeys are driven
    flows: Annotated[list[str], NoDecode, BeforeValidator(_split)] = []
    # The service's own, the store of contract 2.10's sample, and the name that is reserved for examples.
    avatar_hosts: Annotated[list[str], NoDecode, BeforeValidator(_split)] = [
        "lwork.com", "broker-upload.oss-cn-hangzhou.aliyuncs.com", "example.com",
    ]  # fmt: skip
    concurrency: int = Field(default=20, ge=1, le=1000)
    landing_delay: Duration = timedelta(seconds=30)
    step_limit: Duration = timedelta(minutes=2)
    attempts: int = Field(default=8, ge=1)
    backoff_base: Duration = timedelta(seconds=1)
    backoff_cap: Duration = timedelta(minutes=5)
    poll_every: Duration | None = None
    cooldown: Duration | None = None

    # The Temporal server, where one drives them
    temporal_address: str | None = None
    temporal_namespace: str = "default"
    temporal_task_queue: str | None = None
    temporal_api_key: SecretStr | None = None
    temporal_tls: bool = False
    temporal_ca: Path | None = None
    temporal_certificate: Path | None = None
    temporal_key: Path | None = None
    temporal_server_name: str | None = None

    @field_validator("timeout", "connect_timeout", "backoff_base", "backoff_cap", "poll_every", "step_limit")
    @classmethod
    def _longer_than_nothing(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and value <= timedelta(0):
            raise ValueError("must be longer than nothing")
        return value

    @field_validator("temporal_address")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is not None and not _ADDRESS.fullmatch(value):
            raise ValueError("must be host:port, such as 127.0.0.1:7233")
        return value

    @field_validator("temporal_api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        # Temporal's client leaves out in silence what does not fit.
        if value is not None and not _HEADER.fullmatch(value.get_secret_value()):
            raise ValueError("must be one line of ASCII without spaces")
        return value

    @field_validator("avatar_hosts")
    @classmethod
    def _hosts(cls, value: list[str]) -> list[str]:
        found = [host if host == ANY_HOST else host_name(host) for host in value]
        if None in found:
            raise ValueError("must be host names such as example.com, or * for all of them")
        return [host for host in found if host is not None]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, .env, secrets folder, TOML: the first that has a setting gives it.

        Raises ``SettingsError`` for a name that is mistyped in .env, which has been read by now.
        """
        if isinstance(dotenv_settings, DotEnvSettingsSource) and (why := _mistyped_in_dotenv(dotenv_settings.env_vars)):
            raise SettingsError(why)
        return (
            init_settings, env_settings, dotenv_settings, file_secret_settings,
            TomlConfigSettingsSource(settings_cls, _toml_file()),
        )  # fmt: skip

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """Read the settings. Raises ``SettingsError``, which names each wrong setting, never its value."""
        try:
            why = (
                _unreadable_source()
                or _empty(os.environ)
                or problem_with_toml(_toml_file(), Settings.model_fields)
                or _unknown(given)
                or _mistyped(os.environ)
                or _mistyped(_files_of_secrets(), f" (a file in {_SECRETS})")
            )
        except OSError as error:  # a name that is too long, or a folder that may not be looked into
            why = f"the place that {_CONFIG} or {_SECRETS} names cannot be read: {error.strerror}"
        folder = os.environ.get(_SECRETS)
        if folder:
            given["_secrets_dir"] = folder
        try:
            if why is None:
                return cls(**given)
        except ValidationError as error:
            why = "; ".join(
                f"{_PREFIX}{str(part['loc'][0]).upper()}: {said(part)}"
                for part in error.errors(include_input=False, include_url=False)
            )
        except SettingsError as error:
            why = str(error)
        except SourceError as error:
            field = _FIELD.search(str(error))
            why = f"{_PREFIX}{field[1].upper() if field else '…'}: must be a JSON object, such as {_OBJECT}"
        except UnicodeDecodeError:
            why = f"a file of settings (.env, or one in {_SECRETS}) is not text in UTF-8"
        except (ValueError, RecursionError):
            why = f"a list in the environment, .env or {_SECRETS} is not well formed: write a,b or a JSON list"
        except OSError as error:
            why = f"a file of settings cannot be read: {error.strerror or type(error).__name__}"
        raise SettingsError(f"the settings are not usable: {why}")

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """The fields as they are shown: a journal on a server without its user and password."""
        for name, value in super().__repr_args__():
            if name == "journal" and isinstance(value, str) and "@" in value:
                scheme, separator, _ = value.partition("://")
                shown = f"{scheme if separator else ''}://•••@{value.rpartition('@')[2]}"
                yield name, shown
            else:
                yield name, value

    @property
    def journal_url(self) -> str:
        """Where the journal is."""
        return self.journal or f"sqlite:///{data_folder() / 'journal.db'}"


def _toml_file() -> Path:
    """The file of settings: the one that is named, or the one here."""
    return Path(os.environ.get(_CONFIG) or "onboarding.toml")


def _unknown(given: dict[str, Any]) -> str | None:
    names = ", ".join(sorted(quoted(name)[1:-1] for name in given if name not in Settings.model_fields))
    return f"there is no setting {names}" if names else None


def _mistyped(names: Iterable[str], where: str = "") -> str | None:
    """A name that looks like one of ours and is none would be passed over in silence."""
    for name in sorted(names):
        if meant := _meant_by(name):
            return f"there is no setting {quoted(name)[1:-1]}{where}; is {meant} meant?"
    return None


def _mistyped_in_dotenv(found: Mapping[str, str | None]) -> str | None:
    """The same of ``.env``. What stands on a line without its ``=`` may hold the value, and is not repeated."""
    unset = {name for name, value in found.items() if value is None or not name.isidentifier()}
    for name in sorted(unset):
        if meant := _meant_by(name):
            return f"a line of .env sets nothing; is {meant}=… meant?"
    return _mistyped([name.upper() for name in found if name not in unset], " (in .env)")


def _meant_by(name: str) -> str | None:
    """The setting that a mistyped name stands for; None: it is right, or somebody else's."""
    name = name.upper()
    if not name.startswith(_PREFIX):
        return None
    known = [f"{_PREFIX}{field.upper()}" for field in Settings.model_fields]
    if name in {*known, _CONFIG, _SECRETS}:
        return None
    return next(iter(get_close_matches(name, known, 1, cutoff=_ALIKE)), None)


def _files_of_secrets() -> list[str]:
    """The names of what is in the folder of secrets."""
    folder = os.environ.get(_SECRETS)
    return [file.name for file in Path(folder).iterdir()] if folder else []


def _empty(environment: Mapping[str, str]) -> str | None:
    """An empty variable counts as none; of where requests go, nobody means the live service by that."""
    name = f"{_PREFIX}BASE_URL"
    empty = not environment.get(name, "set").strip()
    return f"{name} is empty: say where the service is, or unset it for the live one" if empty else None


def _unreadable_source() -> str | None:
    """A file or folder that was named but is not there would otherwise be passed over in silence."""
    config, folder = os.environ.get(_CONFIG), os.environ.get(_SECRETS)
    if config and not Path(config).is_file():
        return f"{_CONFIG} names no file"
    if folder and not Path(folder).is_dir():
        return f"{_SECRETS} names no folder"
    for file in Path(folder).iterdir() if folder else ():
        if file.name.upper().startswith(_PREFIX) and not file.is_file():
            return f"{_SECRETS}: {quoted(file.name)[1:-1]} in it is no file"
    return None
