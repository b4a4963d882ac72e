"""The first tie group stays when the evidence is measured again."""

from __future__ import annotations

from math import log
from statistics import mean, median

import pytest
from stability import jaccards, refitted

from advisor.store import open_store
from advisor.workflows.answering import ensure_estimates


@pytest.mark.parametrize("device", ["jetson-orin-nano-8gb", "raspberry-pi-4b"])
def test_the_first_tie_group_survives_drawing_every_measurement_anew_from_its_noise(home, device):
    with open_store(str(home / "advisor.db")) as store:
        assert mean(jaccards(store, device, range(5))) >= 0.8


def test_predictions_move_no_more_than_the_noise_of_their_evidence(home):
    """On a board where every row was timed with its copies: what starting a copy costs must not stand in for the network."""
    with open_store(str(home / "advisor.db")) as store:
        target = store.device("jetson-orin-nano-8gb").default_target
        ensure_estimates(store, target, 1)
        rows = store.candidates(target, 1)
        for seed in range(5):
            again = refitted(store, target, rows, seed, "repeat")
            pairs = [(a.latency_ms, b.latency_ms) for a, b in zip(rows, again, strict=True) if a.latency_ms]
            assert abs(median(log(after / before) for before, after in pairs)) < 0.04
