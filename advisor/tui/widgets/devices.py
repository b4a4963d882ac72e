"""A searchable list of devices by family, this machine first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from advisor.records import Device
from advisor.tui.messages import Devices
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.question import Question

_FAMILIES: Mapping[str, str] = {
    "jetson": "NVIDIA Jetson boards",
    "gpu": "Graphics cards",
    "cpu": "Processors",
    "sbc": "Single-board computers",
}
HERE = ":here"
DESCRIBE = ":describe"
"""Ids of the options that are no device; a device id has no colon."""


class DeviceList(AppWidget, Vertical):
    """A search field over a list; what is typed anywhere in a name, id or alias filters."""

    def compose(self) -> ComposeResult:
        """The field and the list."""
        yield Input(placeholder="type to search, e.g. orin or 4090", compact=True, select_on_focus=False, id="search")
        yield OptionList(id="devices", compact=True)

    def on_mount(self) -> None:
        """Follow what is known."""
        self.watch(self.advisor, "devices", lambda _: self._show())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as one types."""
        event.stop()
        self._show(event.value)

    def on_key(self, event: object) -> None:
        """Arrow keys in the search field move in the list."""
        key = getattr(event, "key", "")
        options = self.query_one(OptionList)
        if self.query_one(Input).has_focus and key in ("down", "up") and options.option_count:
            options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Describing a device is a screen of its own; what comes of it is chosen."""
        if event.option_id == DESCRIBE:
            from advisor.tui.screens.describe import DescribeScreen

            event.stop()
            self.app.push_screen(DescribeScreen(), self._described)

    def _described(self, device_id: str | None) -> None:
        if device_id:
            self.advisor.ask(device=device_id, runtime="", precision="", power_mode="")
            self.advisor.find_devices()
            self.post_message(Question.Done())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the search field takes the highlighted device."""
        event.stop()
        options = self.query_one(OptionList)
        options.call_later(options.action_select)  # as its own doing: a message does not bubble past who sent it

    def _show(self, text: str = "") -> None:
        options, devices = self.query_one(OptionList), self.advisor.devices
        if devices is None:
            options.set_options([Option("looking at this machine and the profiles …", disabled=True)])
            return
        words = text.casefold().split()
        found = [(device, count) for device, count in devices.known if _matches(device, words)]
        here = [] if words or self.advisor.safe else [_here(devices)]
        options.set_options([*here, *_options(found, self.advisor.safe)])
        chosen = _best(found, words) if words else self.advisor.asked.device or HERE
        ids = [option.id for option in options.options]
        enabled = [i for i, option in enumerate(options.options) if not option.disabled]
        options.highlighted = (
            ids.index(chosen) if chosen in ids and ids.index(chosen) in enabled else next(iter(enabled), None)
        )


def _options(found: Sequence[tuple[Device, int]], safe: bool) -> Iterator[Option]:
    for kind, family in _FAMILIES.items():
        members = [(device, count) for device, count in found if device.kind == kind]
        if members:
            yield Option(Content.styled(f"— {family} —", "bold"), disabled=True)
            yield from (_option(device, count) for device, count in members)
    if not safe:
        yield Option("Describe another device …", id=DESCRIBE)


def _here(devices: Devices) -> Option:
    found = devices.named("")
    if found is None:
        return Option(
            Content("This machine has no profile (what it is: advisor devices detect)"), id=HERE, disabled=True
        )
    return Option(Content(f"This machine: {found.name} ({found.id})"), id=HERE)


def _option(device: Device, count: int) -> Option:
    timed = f"{count} timed" if count else "predicted"
    name = device.name.removeprefix("NVIDIA ")
    return Option(Content(f" {name:<33.33} {device.id:<27.27} {timed:>10}"), id=device.id)


def _best(found: Sequence[tuple[Device, int]], words: Sequence[str]) -> str:
    """Id of the device that is meant: one whose name has all the words as they are typed, before one that only contains them."""
    matched = [device for device, _ in found]
    whole = [d for d in matched if set(words) <= set(re.split(r"[^a-z0-9]+", f"{d.id} {d.name}".casefold()))]
    return min(whole or matched, key=lambda device: len(device.id)).id if matched else ""


def _matches(device: Device, words: Sequence[str]) -> bool:
    names = " ".join((device.id, device.name, *device.aliases)).casefold()
    return all(word in names for word in words)
