"""A plain client of the account API: it knows nothing but the contract's words."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

HEADERS = {
    "x-api-tenantId": "T001117",
    "x-api-token": "sandbox-token",
    "content-type": "application/json",
}
PHONE = "15912345678"
EMAIL = "demo@example.com"
PASSWORD = "Abcd1234"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        assert self.status == 200, (self.status, self.body)
        content: dict[str, Any] = json.loads(self.body)
        assert content["result"] is (content["mcode"] == "m0000000")
        return content

    @property
    def mcode(self) -> str:
        return str(self.envelope["mcode"])

    @property
    def data(self) -> Any:
        assert self.mcode == "m0000000", self.mcode
        return self.envelope["data"]

    @property
    def reason(self) -> str:
        return str(json.loads(self.body)["error"])


class Broker:
    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = HEADERS,
        timeout: float = 5,
    ) -> Reply:
        connection = http.client.HTTPConnection(self._address, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Reply:
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any) -> Reply:
        return self.send("POST", path, json.dumps(body).encode())

    def mobile_code(self, phone: str = PHONE, purpose: str = "Register", send_sms: str = "false") -> Reply:
        return self.get("/v1/api/sys/mobile/code", phone=phone, type=purpose, sendSms=send_sms)

    def verify(self, code: str, phone: str = PHONE) -> Reply:
        return self.get("/v1/api/sys/phone/code/verify", phone=phone, code=code)

    def reset(self, ticket: str, password: str, verified: str | None = None, phone: str = PHONE) -> Reply:
        body = {"newPwd": password, "verified": verified or password, "ticket": ticket}
        return self.post(f"/v1/api/user/pwd/reset/{quote(phone)}/phone", body)

    def register(self, code: str, phone: str = PHONE, password: str = PASSWORD, **more: Any) -> Reply:
        body = {"name": "Demo", "phone": phone, "password": password, "validateCode": code, **more}
        return self.post("/v1/api/user/phone/register", body)

    def log_in(self, password: str = PASSWORD, name: str = PHONE) -> Reply:
        return self.post("/v1/api/user/login", {"loginName": name, "password": password})

    def find(self, by: str, value: str, page: int = 1, size: int = 10) -> Reply:
        return self.get("/v1/api/user/list", type=by, value=value, page=page, size=size)

    def email_code(self, email: str = EMAIL) -> Reply:
        return self.send("POST", "/v1/api/user/email/sendRegisterValidateCode?" + urlencode({"email": email}))

    def register_with_email_code(self, code: str, email: str = EMAIL, password: str = PASSWORD) -> Reply:
        body = {"name": "Demo", "email": email, "password": password, "validateCode": code}
        return self.post("/v1/api/user/email/registerWithValidateCode", body)

    def change_password(self, user_id: str, old: str, new: str, verified: str | None = None) -> Reply:
        body = {"userId": user_id, "origin": old, "newPwd": new, "verifyPwd": verified or new}
        return self.post("/v1/api/user/pwd/set", body)

    def detail(self, user_id: str) -> Reply:
        return self.get(f"/v1/api/user/{user_id}/detail")

    def account(self, user_id: str) -> Reply:
        return self.get(f"/v1/api/account/{user_id}/info")

    def update(self, user_id: str, account: Any) -> Reply:
        return self.post(f"/v1/api/account/{user_id}/update", account)

    def task(self, user_id: str, task_type: str) -> Reply:
        return self.get(f"/v1/api/account/{user_id}/{task_type}/task/state")


def wrong(code: str) -> str:
    """Six digits that are not ``code``."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
