"""The command palette's list of everything that a key does on the screen in front."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from advisor.tui.widgets.keys import told_keys


class _Action(NamedTuple):
    title: str
    help: str
    run: IgnoreReturnCallbackType


class KeyCommands(Provider):
    """Each action of a key that the footer tells of."""

    def _actions(self) -> Iterator[_Action]:
        for namespace, binding, _, tooltip in told_keys(self.screen):
            key = self.app.get_key_display(binding)
            run = partial(self.app.run_action, binding.action, namespace)
            yield _Action(f"{binding.description} ({key})", tooltip or "", run)

    async def discover(self) -> Hits:
        """All of them."""
        for action in self._actions():
            yield DiscoveryHit(action.title, action.run, help=action.help)

    async def search(self, query: str) -> Hits:
        """Those whose name is like what was typed."""
        matcher = self.matcher(query)
        for action in self._actions():
            score = matcher.match(action.title)
            if score > 0:
                yield Hit(score, matcher.highlight(action.title), action.run, help=action.help)
