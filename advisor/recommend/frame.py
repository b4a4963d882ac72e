"""Picks as a pandas DataFrame; apart so that pandas is imported only when asked for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from advisor.recommend.answer import Pick
from advisor.recommend.flat import flat


def picks_frame(picks: Sequence[Pick]) -> pd.DataFrame:
    """One row per pick; columns as in flat.py."""
    frame: pd.DataFrame = pd.DataFrame(flat(picks))
    return frame
