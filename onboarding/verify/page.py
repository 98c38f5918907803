"""The report as one page that needs nothing beside it: to be kept, sent around, printed."""

from __future__ import annotations

import json
from pathlib import Path

from onboarding.errors import JournalError, MissingExtra
from onboarding.verify.alone import part_of
from onboarding.verify.report import Report

try:
    from jinja2 import Environment, PackageLoader, StrictUndefined
except ImportError:
    raise MissingExtra("verify", "the verifier's page") from None

__all__ = ["page", "write_report"]


def page(report: Report) -> str:
    """The page."""
    # Everything on it is escaped; a finding may quote what a broken answer held.
    environment = Environment(
        loader=PackageLoader("onboarding.verify", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    promises = {part.part: part_of(part.part).promise for part in report.parts}
    return environment.get_template("page.html").render(report=report, promises=promises)


def write_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write ``verify.json`` and ``verify.html``; where they are."""
    why = None
    places = folder / "verify.json", folder / "verify.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        places[0].write_text(json.dumps(report.to_dict(), indent=2) + "\n", "utf-8")
        places[1].write_text(page(report), "utf-8")
    except OSError as error:
        why = error.strerror or type(error).__name__
    if why is not None:
        raise JournalError(f"the report cannot be written to {folder}: {why}")
    return places
