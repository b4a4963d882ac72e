"""Rules of observations: ids come from what was printed, and the shipped text survives reading and writing exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advisor.errors import DataError
from advisor.store.importers import observations
from advisor.store.importers.observations import identity_holds, make


def test_every_printed_value_changes_the_id():
    base = {
        "source": "s",
        "locator": "f#L1",
        "model": "m",
        "device": "d",
        "batch_size": 1,
        "statistic": "mean",
        "timing_scope": "forward",
    }
    first = make(**base, latency_ms=1.5)
    others = [
        make(**base, latency_ms=1.6), make(**{**base, "locator": "f#L2"}, latency_ms=1.5), make(**{**base, "model": "n"}, latency_ms=1.5),
        make(**base, latency_ms=1.5, power_mode="MAXN"), make(**base, throughput_img_s=1.5),
        make(**{**base, "batch_size": 2}, latency_ms=1.5),
    ]  # fmt: skip
    assert len({first.id, *(other.id for other in others)}) == 7


def test_commentary_does_not_change_the_id():
    base = {
        "source": "s",
        "model": "m",
        "device": "d",
        "batch_size": 1,
        "statistic": "mean",
        "timing_scope": "forward",
        "latency_ms": 2.0,
    }
    assert make(**base).id == make(**base, note="rounded", samples=3, software="x").id


def test_an_edited_observation_is_noticed():
    seen = make(
        source="s", model="m", device="d", batch_size=1, statistic="mean", timing_scope="forward", latency_ms=2.0
    )
    assert identity_holds(seen)
    assert not identity_holds(replace(seen, latency_ms=2.1))


def test_the_shipped_form_is_lossless(tmp_path: Path):
    rows = [
        make(source="s", locator='a "b", c', model="m", device="d", batch_size=3, statistic="p50", timing_scope="forward",
             latency_ms=0.1 + 0.2,
             memory_mib=1e6 / 2**20, memory_kind="engine", quantiles={"p90": 1 / 3}, samples=7, threads=4),
        make(source="s", model="µ", device="d", batch_size=1, statistic="mean", timing_scope="pipeline", throughput_img_s=9.0,
             resolution=224),
    ]  # fmt: skip
    observations.write(tmp_path / "s.csv", rows)
    assert observations.read(tmp_path / "s.csv").observations == rows


def test_only_stated_columns_are_written(tmp_path: Path):
    seen = make(
        source="s", model="m", device="d", batch_size=1, statistic="mean", timing_scope="forward", latency_ms=2.0
    )
    observations.write(tmp_path / "s.csv", [seen])
    header = (tmp_path / "s.csv").read_text().splitlines()[0]
    assert header == "id,source,model,device,batch_size,latency_ms,statistic,timing_scope"


def test_a_broken_row_in_the_shipped_text_is_an_error_with_its_line(tmp_path: Path):
    (tmp_path / "s.csv").write_text(
        "id,source,model,device,batch_size,latency_ms,statistic,timing_scope\nx,s,m,d,1,fast,mean,forward\n"
    )
    with pytest.raises(DataError, match="latency_ms 'fast' is not a number"):
        observations.read_folder(tmp_path)
