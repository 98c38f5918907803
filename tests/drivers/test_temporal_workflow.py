"""The workflow's code, held to a history that its first version wrote: what runs somewhere goes on after an update."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from onboarding.drivers.temporal.payloads import ADVANCE, WORKFLOW, Errand, Rest
from onboarding.drivers.temporal.workflow import JourneyWorkflow

pytestmark = pytest.mark.anyio

RECORDED = Path(__file__).with_name("temporal_history.json")
STRICT = SandboxedWorkflowRunner(
    SandboxRestrictions.default.with_passthrough_modules(
        "onboarding.errors", "onboarding.log", "onboarding.drivers.worker"
    )
)
"""The workflow and what it is made of are imported anew, and may do nothing that could be otherwise another time."""


def recorded() -> WorkflowHistory:
    document = json.loads(RECORDED.read_text())
    return WorkflowHistory.from_json(document.pop("workflowId"), document)


async def test_a_history_of_the_first_version_is_replayed_in_the_whole_sandbox() -> None:
    kinds = {event["eventType"] for event in json.loads(RECORDED.read_text())["events"]}
    assert {"EVENT_TYPE_TIMER_STARTED", "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED"} <= kinds
    replayer = Replayer(workflows=[JourneyWorkflow], workflow_runner=STRICT)
    await replayer.replay_workflow(recorded())


@workflow.defn(name=WORKFLOW, sandboxed=False)
class Hasty:
    """Waits before it looks."""

    @workflow.run
    async def run(self, errand: Errand) -> str:
        await workflow.sleep(1)
        rest: Rest = await workflow.execute_activity(
            ADVANCE, errand.journey, result_type=Rest, start_to_close_timeout=timedelta(hours=1)
        )
        return rest.status

    @workflow.signal
    def wake(self) -> None: ...


async def test_a_workflow_that_did_anything_else_would_be_found() -> None:
    with pytest.raises(workflow.NondeterminismError):
        await Replayer(workflows=[Hasty]).replay_workflow(recorded())


def test_without_the_extra_one_sentence_names_it(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['temporalio'] = None\n"
        "from onboarding.cli import main\n"
        f"main(['--journal', 'sqlite:///{tmp_path}/journal.db', 'worker', '--temporal', '127.0.0.1:7233'])"
    )
    environment = {"ONBOARDING_TENANT_ID": "T1", "ONBOARDING_API_TOKEN": "t"}
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == (
        "onboarding: driving journeys through Temporal needs the extra 'temporal': pip install 'onboarding[temporal]'\n"
    )
