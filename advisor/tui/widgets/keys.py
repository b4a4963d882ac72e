"""The footer: every key of the screen in front, over as many lines as it takes, because nothing may be cut off at 80 columns."""

from __future__ import annotations

from typing import Any

from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static

_KEY = Style(bold=True, reverse=True)


class Keys(Static):
    """Keys and what they do; each can be clicked."""

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self.call_after_refresh(self._changed, self.screen)

    def on_resize(self) -> None:
        """Lines for the new width."""
        self._changed(self.screen)

    def _changed(self, screen: Screen[object]) -> None:
        lines = _lines([self._words(told.binding) for told in told_keys(screen)], self.content_size.width)
        self.update(Content("\n").join(lines), layout=len(lines) != self.size.height)

    def _words(self, binding: Binding) -> Content:
        key = Content.styled(self.app.get_key_display(binding), _KEY)
        click = Style.from_meta({"@click": f"app.simulate_key('{binding.key}')"})
        return Content.assemble(key, f" {binding.description}").stylize(click)


def told_keys(screen: Screen[Any]) -> list[ActiveBinding]:
    """The keys that a screen tells of, one for each action: all that are to be shown, and Enter, which lists and fields hide."""
    told: dict[str, ActiveBinding] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if (binding.show or binding.key == "enter") and active.enabled and binding.description:
            told.setdefault(binding.action, active)
    return list(told.values())


def _lines(words: list[Content], width: int) -> list[Content]:
    """Broken between keys, never between a key and what it does."""
    lines: list[list[Content]] = [[]]
    for one in words:
        if lines[-1] and sum(word.cell_length + 2 for word in lines[-1]) + one.cell_length > width:
            lines.append([])
        lines[-1].append(one)
    return [Content("  ").join(line) for line in lines]
