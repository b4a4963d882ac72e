"""What the shipped catalogue says is possible."""

from __future__ import annotations

import numpy as np
import pytest

from advisor.predict.features import design, tabulate
from advisor.records import RUNTIMES
from advisor.workflows.preparing import prepared_store


@pytest.fixture
def table(shared_home, monkeypatch):
    monkeypatch.setenv("ADVISOR_HOME", str(shared_home))
    with prepared_store() as store:
        return tabulate(list(store.complexities().values()))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_no_architecture_moves_or_computes_less_than_nothing(table, runtime):
    everything = np.arange(len(table.keys))
    for batch in (1.0, 2.0, 8.0, 64.0):
        assert (design(table, everything, batch, "fp32", runtime) >= -1e-6).all()
