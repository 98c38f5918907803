"""``AccountApi``: one method for each endpoint of the broker's Account API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr

from onboarding.api import shapes
from onboarding.api.address import problem_with
from onboarding.api.caller import Caller
from onboarding.api.choices import FINAL_STATES
from onboarding.api.codes import CodeTable
from onboarding.api.endpoints import ENDPOINTS
from onboarding.api.request import fill
from onboarding.api.settings import final_states_of, headers_of, positive
from onboarding.api.transport import Transport
from onboarding.clock import SystemClock
from onboarding.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import httpx
    import httpx2

    from onboarding.api.account import AccountInfo
    from onboarding.api.choices import CodePurpose, TaskType, TaskVerdict, UserField
    from onboarding.api.codes import Meaning
    from onboarding.api.models import Login, Task, UserDetail, UserPage
    from onboarding.api.request import Text
    from onboarding.clock import Clock

__all__ = ["AccountApi"]


class AccountApi:
    """The broker's Account API, one async method for each endpoint.

    Every method raises one of the four kinds of ``CallError``: ``NotSent``, ``Refused`` (its ``meaning`` says
    why), ``RefusedByProtocol`` or ``InDoubt``. A caller that is cancelled leaves its request to end by
    itself; what came of it is told to the observers only. Use one instance for one event loop, and close it.

    Args:
        base_url: where the service is; plain ``http`` for loopback only.
        tenant_id: such as ``T001117``.
        token: the API key.
        language: of the service's messages: ``en-US``, ``zh-CN`` or ``zh-HK``.
        timeout: seconds for a call in all, waiting for a free connection included. Real time, not the
            clock's.
        connect_timeout: seconds for a connection to stand.
        pool_size: the most requests in flight.
        trust_env: whether proxies and certificates of the environment are used.
        client: an ``AsyncClient`` of httpx or httpx2 to send with. Only its way out is used, not its base
            URL, headers, cookies, authentication or parameters; its TLS settings are its owner's, and it is
            not closed here.
        result_codes: live result codes and what they mean, beside those that are known.
        final_states: the task states that end a watch, instead of the defaults.
        clock: for durations and ``Retry-After`` dates.

    Raises:
        SettingsError: an argument that cannot work; no message repeats a value that may be secret.
    """

    def __init__(
        self,
        base_url: str = "https://account.api.lwork.com",
        *,
        tenant_id: str,
        token: str | SecretStr,
        language: str | None = None,
        timeout: float = 10.0,
        connect_timeout: float = 5.0,
        pool_size: int = 20,
        trust_env: bool = False,
        client: httpx.AsyncClient | httpx2.AsyncClient | None = None,
        result_codes: Mapping[str, Meaning] | None = None,
        final_states: Mapping[str, TaskVerdict] | None = None,
        clock: Clock | None = None,
    ) -> None:
        # From here on no local of this frame shows the token, or a password inside the address.
        token = token if isinstance(token, SecretStr) else SecretStr(token)
        problem = problem_with(base_url)
        self._base_url = base_url = "" if problem else base_url.rstrip("/")
        self._tenant_id = tenant_id
        if problem:
            raise SettingsError(f"ONBOARDING_BASE_URL {problem}")
        headers = headers_of(tenant_id, token, language)
        positive("ONBOARDING_TIMEOUT", timeout)
        positive("ONBOARDING_CONNECT_TIMEOUT", connect_timeout)
        positive("ONBOARDING_POOL_SIZE", pool_size)
        codes = CodeTable(result_codes)
        self._final_states = FINAL_STATES if final_states is None else final_states_of(final_states)
        self._transport = Transport(
            base_url,
            headers,
            connect_timeout=connect_timeout,
            pool_size=pool_size,
            trust_env=trust_env,
            client=client,
        )
        self._caller = Caller(
            self._transport,
            codes,
            timeout=timeout,
            connect_timeout=connect_timeout,
            clock=clock or SystemClock(),
        )

    def __repr__(self) -> str:
        """Where it goes and for whom; never the token."""
        return f"<AccountApi {self._base_url} tenant {self._tenant_id}>"

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.aclose()

    async def aclose(self) -> None:
        """Let requests in flight end, then close the connections; a handed-in client stays open."""
        await self._transport.aclose()

    # In every method, `del` comes before the first `await`: the frame of a call that fails is part of the
    # traceback, and must hold no secret then.

    async def request_mobile_code(self, phone: Text, purpose: CodePurpose, *, send_sms: bool = True) -> str | None:
        """Have a code sent to a mobile; without ``send_sms`` none goes out: the code is the result (2.1)."""
        read = shapes.nothing if send_sms else shapes.text
        request = fill(ENDPOINTS["request_mobile_code"], phone=phone, type=purpose, sendSms=send_sms)
        del phone
        return await self._caller.call(request, read)

    async def verify_mobile_code(self, phone: Text, code: Text) -> str:
        """Use a mobile code up; the result is the ticket, as secret as the code (2.2)."""
        request = fill(ENDPOINTS["verify_mobile_code"], phone=phone, code=code)
        del phone, code
        return await self._caller.call(request, shapes.text)

    async def reset_password(self, phone: Text, new_password: Text, ticket: Text) -> None:
        """Set a new password with a ticket (2.3)."""
        request = fill(
            ENDPOINTS["reset_password"],
            phoneNo=phone,
            newPwd=new_password,
            verified=new_password,
            ticket=ticket,
        )
        del phone, new_password, ticket
        await self._caller.call(request, shapes.nothing)

    async def register_by_mobile(
        self,
        name: Text,
        phone: Text,
        password: Text,
        code: Text,
        *,
        recommend_code: Text | None = None,
        custom_source: Text | None = None,
    ) -> None:
        """Register with a mobile and the code that was sent to it (2.4)."""
        request = fill(
            ENDPOINTS["register_by_mobile"],
            name=name,
            phone=phone,
            password=password,
            recommendCode=recommend_code,
            validateCode=code,
            customSource=custom_source,
        )
        del name, phone, password, code, recommend_code, custom_source
        await self._caller.call(request, shapes.nothing)

    async def register_by_email(self, email: Text, password: Text) -> None:
        """Register with an e-mail address alone (2.5)."""
        request = fill(ENDPOINTS["register_by_email"], mail=email, password=password)
        del email, password
        await self._caller.call(request, shapes.nothing)

    async def log_in(self, login_name: Text, password: Text) -> Login:
        """Check a password; a failure counts toward the account's lock (2.6)."""
        request = fill(ENDPOINTS["log_in"], loginName=login_name, password=password)
        del login_name, password
        return await self._caller.call(request, shapes.login)

    async def find_users(self, by: UserField, value: Text, *, page: int = 1, size: int = 10) -> UserPage:
        """Search users by a keyword; a hit need not be exact (2.7). Pages count from 1."""
        request = fill(ENDPOINTS["find_users"], type=by, value=value, page=page, size=size)
        del value
        return await self._caller.call(request, shapes.user_page)

    async def get_user(self, user_id: Text) -> UserDetail:
        """A user's basic data and trading accounts (2.8)."""
        request = fill(ENDPOINTS["get_user"], userId=user_id)
        del user_id
        return await self._caller.call(request, shapes.user_detail)

    async def change_password(self, user_id: Text, old_password: Text, new_password: Text) -> None:
        """Replace a password that is known (2.9)."""
        request = fill(
            ENDPOINTS["change_password"],
            userId=user_id,
            origin=old_password,
            newPwd=new_password,
            verifyPwd=new_password,
        )
        del user_id, old_password, new_password
        await self._caller.call(request, shapes.nothing)

    async def set_avatar(self, user_id: Text, avatar: Text) -> UserDetail:
        """Set the address of a user's icon; the result is the user as 2.8 gives it (2.10)."""
        request = fill(ENDPOINTS["set_avatar"], userId=user_id, avatar=avatar)
        del user_id, avatar
        return await self._caller.call(request, shapes.user_detail)

    async def get_account(self, user_id: Text) -> AccountInfo:
        """A user's account information with every field of the tenant (2.11)."""
        request = fill(ENDPOINTS["get_account"], userId=user_id)
        del user_id
        return await self._caller.call(request, shapes.account)

    async def update_account(self, user_id: Text, account: Mapping[str, Any]) -> None:
        """Replace a user's account information, best with ``AccountInfo.merged`` (2.12)."""
        request = fill(ENDPOINTS["update_account"], account, userId=user_id)
        del user_id, account
        await self._caller.call(request, shapes.nothing)

    async def get_task(self, user_id: Text, task_type: TaskType) -> Task | None:
        """A user's review task of one type; None: there is no such task yet (2.13)."""
        read = shapes.task(self._final_states)
        request = fill(ENDPOINTS["get_task"], userId=user_id, taskType=task_type)
        del user_id
        return await self._caller.call(request, read)

    async def send_email_code(self, email: Text) -> None:
        """Have a registration code sent to an e-mail address (2.14)."""
        request = fill(ENDPOINTS["send_email_code"], email=email)
        del email
        await self._caller.call(request, shapes.nothing)

    async def register_with_email_code(self, name: Text, email: Text, password: Text, code: Text) -> None:
        """Register with an e-mail address and the code that was sent to it (2.15)."""
        request = fill(
            ENDPOINTS["register_with_email_code"],
            name=name,
            email=email,
            password=password,
            validateCode=code,
        )
        del name, email, password, code
        await self._caller.call(request, shapes.nothing)

    async def list_result_codes(self, language: Text = "en-US") -> dict[str, str]:
        """The service's own words for its result codes (chapter 1)."""
        request = fill(ENDPOINTS["list_result_codes"], lang=language)
        return await self._caller.call(request, shapes.code_list)
