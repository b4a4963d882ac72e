"""The first tie group stays when the evidence is measured again."""

from __future__ import annotations

from statistics import mean

import pytest
from stability import jaccards

from advisor.store import open_store


@pytest.mark.parametrize("device", ["jetson-orin-nano-8gb", "raspberry-pi-4b"])
def test_the_first_tie_group_survives_drawing_every_measurement_anew_from_its_noise(home, device):
    with open_store(str(home / "advisor.db")) as store:
        assert mean(jaccards(store, device, range(5))) >= 0.8
