"""How widgets and screens reach the application with its own type."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from advisor.tui.app import AdvisorApp

    _Node = DOMNode
else:
    _Node = object


class AppWidget(_Node):
    """Mix-in: `advisor` is the application."""

    @property
    def advisor(self) -> AdvisorApp:
        """The application this widget belongs to."""
        return cast("AdvisorApp", self.app)
