"""The questions of the guided start, one to a file, in the order they are asked."""

from __future__ import annotations

from advisor.tui.questions.allowed import AllowedQuestion
from advisor.tui.questions.device import DeviceQuestion
from advisor.tui.questions.goal import GoalQuestion
from advisor.tui.questions.images import ImagesQuestion
from advisor.tui.questions.needs import NeedsQuestion
from advisor.tui.questions.runtime import RuntimeQuestion
from advisor.tui.widgets.question import Question

BY_NAME: dict[str, type[Question]] = {
    "device": DeviceQuestion,
    "needs": NeedsQuestion,
    "images": ImagesQuestion,
    "runtime": RuntimeQuestion,
    "allowed": AllowedQuestion,
    "goal": GoalQuestion,
}
QUESTIONS = tuple(question for name, question in BY_NAME.items() if name != "goal")
"""Those of the guided start."""

__all__ = ["BY_NAME", "QUESTIONS"]
