"""Bad definitions: the class line, the states and the transitions."""

from __future__ import annotations

from bad_definition import Bad, bad

__all__ = ["OUTLINES"]

_LINE = 'name="draft", version=1'
_WAITING = 'Waiting("awaiting", up_to="patience")'
_POLLING = 'Polling("reviewing", every=seconds(5), up_to=days(1))'
_SENT = '["sent", "sending", "awaiting"]'
_RESEND = '["resend", "awaiting", "sending", "may_resend"]'
_RIGHT = '["right", "checking", "reviewing"]'
_STATES = "states: ClassVar = [\n"
_PATIENCE = "patience: Duration = minutes(1)"
_CONDITION = "def may_resend(self) -> bool:\n        return True"

OUTLINES: list[Bad] = [
    bad("no name", _LINE, "version=1", "say its name in the class line", "class Draft(Flow, name="),
    bad("a name in capitals", '"draft"', '"Draft"', "'Draft'", "lower-case words joined by hyphens"),
    bad("a name with underscores", '"draft"', '"my_draft"', "'my_draft'", "lower-case words"),
    bad("a name that is no text", '"draft"', "5", "the name 5", "lower-case words"),
    bad("version nought", "version=1", "version=0", "a whole number from 1 on"),
    bad("a version as text", "version=1", 'version="1"', "a whole number from 1 on"),
    bad("a version that is a yes", "version=1", "version=True", "a whole number from 1 on"),
    # States
    bad("no states", _STATES, "states: ClassVar = []\n    rest: ClassVar = [\n", "it has no states"),
    bad("states that are a set", _STATES, "states: ClassVar = {Done('a')}\n    rest: ClassVar = [\n",
        "its states must be a list", "ClassVar"),
    bad("states that are nothing", _STATES, "states: ClassVar = None\n    rest: ClassVar = [\n",
        "its states must be a list"),
    bad("transitions that run out", "transitions: ClassVar = [\n",
        "transitions: ClassVar = iter([])\n    rest: ClassVar = [\n", "its transitions must be a list", "ClassVar"),
    bad("a state that is text", 'Failed("refused")', '"refused"', "'refused' in states is none of Working"),
    bad("a state of no kind", 'Failed("refused")', 'State("refused")', "State(name='refused')", "none of Working"),
    bad("a state in capitals", 'Failed("refused")', 'Failed("Refused")', "'Refused'", "named in lower case"),
    bad("a state with a blank", 'Failed("refused")', 'Failed("not good")', "'not good'", "like awaiting_code"),
    bad("a state whose name is a number", 'Failed("refused")', "Failed(7)", "the state 7", "named in lower case"),
    bad("a state listed twice", 'Done("proven"),', 'Done("proven"), Done("proven"),', "'proven' is listed twice"),
    bad("a start that is an end", 'Working("sending"),', 'Failed("gone"), Working("sending"),',
        "starts in 'gone'", "the first of states is the start"),
    bad("no good end", 'Done("proven")', 'Failed("proven")', "no good end", "Done(...)"),
    bad("a waiting state without a deadline", _WAITING, 'Waiting("awaiting")', "'awaiting'", "up_to=", "minutes(10)"),
    bad("a polling state without a deadline", _POLLING, 'Polling("reviewing", every=seconds(5))',
        "'reviewing'", "up_to="),
    bad("a polling state without a pace", _POLLING, 'Polling("reviewing", up_to=days(1))', "'reviewing'", "every="),
    bad("a deadline in bare seconds", _WAITING, 'Waiting("awaiting", up_to=600)', "'awaiting'", "a length of time"),
    bad("a deadline that has passed", _WAITING, 'Waiting("awaiting", up_to=-minutes(1))',
        "up_to of the state 'awaiting'", "longer than nothing"),
    bad("a pace of nothing", "every=seconds(5)", "every=seconds(0)", "every of the state 'reviewing'", "longer"),
    bad("a deadline in a field that there is not", '"patience")', '"patients")',
        "'awaiting' names 'patients'", "no field of type Duration"),
    bad("a deadline in a field of another type", _PATIENCE, "patience: int = 3", "'awaiting' names 'patience'",
        "no field of type Duration"),
    bad("a deadline in a field that may be empty", _PATIENCE, "patience: timedelta | None = None",
        "'awaiting' names 'patience'", "no field of type Duration"),
    bad("a deadline in a field that is filled in later", _PATIENCE, "patience: Duration = later()",
        "'awaiting' names 'patience'", "empty at first"),
    # Transitions
    bad("a transition of two words", _SENT, '["sent", "awaiting"]', "['sent', 'awaiting']", "[trigger, source"),
    bad("a transition of six words", _SENT, '["sent", "sending", "awaiting", None, None, None]', "'sent'",
        "[trigger, source"),
    bad("a transition as a mapping", _SENT, '{"trigger": "sent"}', "{'trigger': 'sent'}", "[trigger, source"),
    bad("a transition as text", _SENT, '"sent"', "the transition 'sent' must be"),
    bad("a trigger in capitals", _SENT, '["Sent", "sending", "awaiting"]', "'Sent'", "named in lower case"),
    bad("a trigger that is no text", _SENT, '[None, "sending", "awaiting"]', "the trigger None"),
    bad("a trigger that the engine writes", _SENT, '["parked", "sending", "awaiting"]', "'parked'",
        "the engine writes"),
    bad("a transition out of an unknown state", _SENT, '["sent", "sendin", "awaiting"]', "'sent'",
        "the unknown state 'sendin'"),
    bad("a transition into an unknown state", _SENT, '["sent", "sending", "awaitin"]', "'sent'",
        "the unknown state 'awaitin'"),
    bad("a transition into two states", _SENT, '["sent", "sending", ["awaiting", "checking"]]', "'sent'",
        "the unknown state ['awaiting', 'checking']"),
    bad("a transition into nowhere", _SENT, '["sent", "sending", None]', "'sent'", "the unknown state None"),
    bad("a transition out of anywhere", _SENT, '["sent", "*", "awaiting"]', "the unknown state '*'"),
    bad("a transition out of a number", _SENT, '["sent", 5, "awaiting"]', "the unknown state 5"),
    bad("a transition out of a list of lists", _SENT, '["sent", [["sending"]], "awaiting"]',
        "the unknown state ['sending']"),
    bad("a transition out of no state", _SENT, '["sent", [], "awaiting"]', "'sent' to 'awaiting'", "out of no state"),
    bad("a transition out of an end", _SENT, _SENT + ', ["revived", "refused", "sending"]',
        "'revived' leads out of 'refused'", "an end"),
    bad("a second transition for a trigger", _RIGHT, _RIGHT + ', ["right", "checking", "refused"]',
        "'right' from 'checking' to 'refused' can never fire", "without a condition"),
    bad("a second transition for a condition", _RESEND, _RESEND + ', ["resend", "awaiting", "refused", "may_resend"]',
        "'resend' from 'awaiting' to 'refused' can never fire", "holds whenever it does"),
    bad("a condition after a wider one", _RESEND,
        _RESEND + ', ["resend", "awaiting", "refused", ["may_resend", "may_try_again"]]',
        "'awaiting' to 'refused' can never fire", "holds whenever it does"),
    bad("a condition that must hold and must not", '"sending", "may_resend"]',
        '"sending", "may_resend", "may_resend"]', "'awaiting' to 'sending' can never fire",
        "'may_resend' must hold and must not"),
    # Conditions
    bad("a condition that there is not", _CONDITION, "pass", "the condition 'may_resend' of 'resend'",
        "not a method"),
    bad("a condition that is a field", '"may_resend"]', '"patience"]', "'patience' of 'resend'", "not a method"),
    bad("a condition that is a step", '"may_resend"]', '"checking"]', "'checking' of 'resend'", "not a method"),
    bad("a condition given as a function", '"may_resend"]', "len]", "len", "of 'resend'", "not a method"),
    bad("a condition that must not hold, and is not there", '"may_resend"]', 'None, "may_not"]',
        "'may_not' of 'resend'", "not a method"),
    bad("a condition that waits", "def may_resend", "async def may_resend", "'may_resend' of 'resend' is async"),
    bad("a condition that wants more", "def may_resend(self)", "def may_resend(self, event)", "'may_resend'",
        "take nothing but self"),
    bad("a condition that wants less", "def may_resend(self)", "def may_resend()", "'may_resend'",
        "take nothing but self"),
    bad("a static condition that wants more", "def may_resend(self)", "@staticmethod\n    def may_resend(self)",
        "'may_resend'", "take nothing but self"),
    # The whole
    bad("a state that nothing leads to", 'Failed("refused"),', 'Failed("refused"), Failed("lost"),',
        "nothing leads to the state 'lost'"),
    bad("an island", 'Failed("refused"),', 'Failed("refused"), Waiting("idle", up_to=days(1)),',
        "nothing leads to the state 'idle'",
        more={_SENT: _SENT + ', ["timed_out", "idle", "idle"]'}),
    bad("a polling state that leads nowhere", 'Failed("refused"),', 'Failed("refused"), Polling("idle", every=days(1), '
        "up_to=days(2)),", "nothing leads out of the state 'idle', and it is not an end",
        more={_RIGHT: _RIGHT + ', ["strange", "checking", "idle"]'}),
    bad("states that lead in a circle", 'Failed("refused"),', 'Failed("refused"), Waiting("idle", up_to=days(1)),',
        "no end can be reached from the state 'idle'",
        more={_SENT: _SENT + ', ["timed_out", "idle", "idle"], ["rested", "awaiting", "idle"]'}),
    bad("a working state that leads nowhere", 'Failed("refused"),', 'Failed("refused"), Working("idle"),',
        "nothing leads out of the state 'idle', and it is not an end",
        more={_SENT: _SENT + ', ["rested", "awaiting", "idle"]'}),
]  # fmt: skip
