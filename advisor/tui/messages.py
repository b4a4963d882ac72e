"""What thread workers say to the screen. Each carries what it is an answer to, so that what came too late is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual.message import Message

from advisor.devices import Detection
from advisor.recommend.answer import Recommendation
from advisor.records import Device
from advisor.workflows.exploring import Loaded
from advisor.workflows.questioning import Asked


class Status(NamedTuple):
    """The one line that says what goes on."""

    kind: str = "ready"
    """ready, working or error: also the first word on the line, so that it does not depend on colour."""
    text: str = ""
    field: str = ""
    """Id of the field whose text is wrong; empty where it is about the question."""


class Devices(NamedTuple):
    """Every profile with its number of measurements, and what this machine is."""

    known: Sequence[tuple[Device, int]]
    here: Detection

    def named(self, device_id: str) -> Device | None:
        """The profile of an id; of an empty id, this machine's."""
        wanted = device_id or self.here.device_id
        return next((device for device, _ in self.known if device.id == wanted), None)


@dataclass
class Preparing(Message):
    """A worker has begun a stage that takes time."""

    stage: str


@dataclass
class Prepared(Message):
    """A target was read."""

    loaded: Loaded


@dataclass
class Ranked(Message):
    """A question was answered."""

    asked: Asked
    answer: Recommendation


@dataclass
class NotAnswered(Message):
    """A question has no answer, for a reason that the asker can do something about."""

    asked: Asked
    reason: str


@dataclass
class HomeBroken(Message):
    """The database cannot be used."""

    reason: str


@dataclass
class DevicesFound(Message):
    """The profiles were read and this machine was looked at."""

    devices: Devices
