"""advisor selects image models under hardware constraints.

    >>> import advisor
    >>> answer = advisor.recommend(device="jetson-orin-nano-8gb", max_latency="50ms")
    >>> answer.picks[0].model, answer.to_frame()

Functions are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.workflows.answering import recommend as recommend
    from advisor.workflows.checking import check as check
    from advisor.workflows.comparing import compare as compare
    from advisor.workflows.describing import explain as explain
    from advisor.workflows.justifying import why as why
    from advisor.workflows.measuring import measure as measure
    from advisor.workflows.placing import plan as plan
    from advisor.workflows.predicting import predict as predict

__all__ = ["check", "compare", "explain", "measure", "plan", "predict", "recommend", "why"]
__version__ = "0.1.0"

_WHERE = {
    "recommend": "advisor.workflows.answering",
    "predict": "advisor.workflows.predicting",
    "explain": "advisor.workflows.describing",
    "measure": "advisor.workflows.measuring",
    "check": "advisor.workflows.checking",
    "compare": "advisor.workflows.comparing",
    "why": "advisor.workflows.justifying",
    "plan": "advisor.workflows.placing",
}


class _Api(ModuleType):
    """The verbs share their names with the packages behind them; importing such a package must not hide the verb."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _WHERE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'advisor' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


sys.modules[__name__].__class__ = _Api
