"""Account info (contract 2.11, 2.12): the contract's structure plus what the tenant's field setting adds."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from onboarding.sandbox.users import User

__all__ = ["blank_account_info", "fill_in", "update_account_info"]

_CERT = (
    "addressDocType",
    "addressFile1",
    "addressFile2",
    "bankCardFile1",
    "bankCardFile2",
    "idNum",
    "idType",
    "idUrl1",
    "idUrl2",
)
_FINANCE = (
    "aba",
    "accountNo",
    "bankAccount",
    "bankAddress",
    "incomeSource",
    "investmentExperience",
    "investmentPurpose",
    "investmentQuota",
    "investmentYear",
    "knowledgeLevel",
    "netAssets",
    "remark",
    "swift",
    "totalAssets",
    "bankBranch",
)


def blank_account_info(user: User, extra_fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the broker knows of a user who has just registered, in the structure of contract 2.11's sample."""
    phone = user.phone or ""
    info: dict[str, Any] = {
        "base": {
            "accountName": user.name,
            "birthday": "",
            "email": user.email or "",
            "gender": "",
            "homePlace": _place(),
            "idAddress": "",
            "nationality": "",
            "phones": _phone(phone),
            "residence": _place(),
            "standbyTelephone": _phone(""),
        },
        "cert": dict.fromkeys(_CERT, ""),
        "finance": {
            **dict.fromkeys(_FINANCE, ""),
            "bankAddress": _place(),
            "investmentExperience": [],
        },
    }
    fill_in(info, extra_fields)
    return info


def fill_in(info: dict[str, Any], fields: Mapping[str, Any]) -> None:
    """Lay ``fields`` over ``info``, object by object; everything that is not an object replaces."""
    for name, value in fields.items():
        held = info.get(name)
        if isinstance(value, Mapping) and isinstance(held, dict):
            fill_in(held, value)
        else:
            info[name] = copy.deepcopy(dict(value) if isinstance(value, Mapping) else value)


def update_account_info(info: dict[str, Any], sections: Mapping[str, Any]) -> None:
    """Apply 2.12: every section that is sent replaces the whole section; the others stay.

    The contract does not say whether a field that is left out survives. The sandbox takes the reading that
    punishes a client which sends only what it knows: it loses what it left out.
    """
    info.update(copy.deepcopy(dict(sections)))


def _place() -> dict[str, str]:
    return {"city": "", "country": "", "province": ""}


def _phone(phone: str) -> dict[str, str]:
    return {"countryCode": "", "phone": phone, "phoneStr": f" {phone}"}
