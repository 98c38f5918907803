"""What a flow is: its states, its steps, the check of its definition, and its picture.

- ``states``: Working, Polling, Waiting, Done, Failed
- ``steps``: the decorators read, repeatable, once and on_input
- ``fields`` and ``web_address``: the types of a flow's fields
- ``flow``: the base class
- ``checks``, ``storable`` and ``definition``: what is refused, and what is compiled
- ``diagram``: Mermaid, DOT, SVG
- ``registry``: finding flows by name

The library ``transitions`` decides where a trigger leads, and nothing else: one synchronous machine a flow class, no
model attached, no callback that acts.
"""

from onboarding.machine.definition import Arrow, Definition
from onboarding.machine.diagram import Format, Graph, draw, graph_of
from onboarding.machine.fields import Duration, Email, HandedOver, Phone, Secret, VerificationCode, later
from onboarding.machine.flow import Flow
from onboarding.machine.registry import Registry
from onboarding.machine.states import Done, Failed, Polling, State, Waiting, Working
from onboarding.machine.steps import ASK, Input, Step, Trigger, on_input, once, read, repeatable
from onboarding.machine.web_address import WebAddress

__all__ = [
    "ASK",
    "Arrow",
    "Definition",
    "Done",
    "Duration",
    "Email",
    "Failed",
    "Flow",
    "Format",
    "Graph",
    "HandedOver",
    "Input",
    "Phone",
    "Polling",
    "Registry",
    "Secret",
    "State",
    "Step",
    "Trigger",
    "VerificationCode",
    "Waiting",
    "WebAddress",
    "Working",
    "draw",
    "graph_of",
    "later",
    "on_input",
    "once",
    "read",
    "repeatable",
]
