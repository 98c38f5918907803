"""One journey in ten lines: a password reset, with the sandbox as the broker and as the user's mobile."""

from onboarding import BlockingOnboarding, Settings
from onboarding.sandbox import SandboxDesk, SandboxServer

with SandboxServer() as server:
    settings = Settings.load(base_url=server.url, tenant_id="T001117", api_token="sandbox-token", journal="memory://")
    desk = SandboxDesk(server.url)
    desk.create_user("Demo", phone="15912345678", password="Abcd1234")
    with BlockingOnboarding(settings) as onboarding:
        journey = onboarding.start("password-reset", phone="15912345678", new_password="Efgh5678")
        onboarding.send(journey.id, "code_entered", code=desk.wait_for_code("15912345678"))
        print(onboarding.wait(journey.id).state)
