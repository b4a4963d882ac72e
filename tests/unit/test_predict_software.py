"""New software makes some networks much faster and others not at all: which rows speak for which version."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from predicting import World, changed, device

from advisor.predict.evidence import Cell, pool_of
from advisor.predict.scaling import power
from advisor.predict.software import newest_first, version
from advisor.predict.workbench import Workbench

OLD, NEW = "torch 2.4, cuda 12.4", "torch 2.9, cuda 12.8"
SPED_UP = 1.6
"""How much faster every third network runs with the new software."""


def numbered(row) -> int:
    return int(row.id.rpartition("-")[2])


def with_software(world: World, first: int, software: str, *, quicker: bool) -> None:
    """What was measured from row `first` on was so with this software, in which every third network may be quicker."""
    for i in range(first, len(world.rows)):
        row = world.rows[i]
        row = replace(row, id=f"{software[6:9]}-{row.id}", target=replace(row.target, software=software))
        world.rows[i] = changed(row, row.latency_ms / SPED_UP) if quicker and numbered(row) % 3 == 0 else row


@pytest.fixture
def world() -> World:
    """One card measured with old and with new software, another with the old one only."""
    made = World([device("card"), device("other", scale=2.0)], families=40)
    card, other = (made.device(name).default_target for name in ("card", "other"))
    for target, software in ((card, OLD), (card, NEW), (other, OLD)):
        first = len(made.rows)
        made.measure(target, batch_sizes=(256,), noise=0.0)
        with_software(made, first, software, quicker=software == NEW)
    return made


def learnt(world: World, name: str):
    """(hierarchy, cell, pool, power) of a card's default target."""
    target = world.device(name).default_target
    return Workbench.of(world).cross.full, Cell.of(target), pool_of(world.device(name), target), power(target)


def test_a_deviation_is_that_of_the_newest_software(world):
    full, cell, pool, head = learnt(world, "card")
    said = full.said(cell, pool, head)
    newest = full.evidence.current(said.rows)
    assert 0 < newest.sum() < len(newest)
    assert np.quantile(np.abs(said.log_ratio[newest]), 0.9) < 0.05
    old = np.array([numbered(full.evidence.measurements[i]) % 3 == 0 for i in said.rows]) & ~newest
    assert np.median(said.log_ratio[old]) < -0.3  # it would be said of the old software, for which no prediction stands


def test_a_row_of_old_software_speaks_where_there_is_no_newer_one(world):
    only_old = {m.signature for m in world.rows[:3]}
    world.rows = [m for m in world.rows if m.target.software == OLD or m.signature not in only_old]
    full, cell, _, _ = learnt(world, "card")
    rows = full.evidence.where(cell)
    speaking = rows[full.evidence.current(rows)]
    spoken = {full.evidence.measurements[i].signature: full.evidence.measurements[i].target.software for i in speaking}
    assert set(spoken) == {m.signature for m in world.rows}
    assert {signature for signature, software in spoken.items() if software == OLD} == only_old


@pytest.mark.parametrize(("software", "quicker"), [(OLD, False), (NEW, True)])
def test_a_similar_device_lends_what_it_showed_with_the_software_of_the_borrower(world, software, quicker):
    few = [m for m in world.rows if m.target.device == "other"][:20]
    world.rows = [m for m in world.rows if m.target.device == "card"]
    world.rows += [replace(m, target=replace(m.target, software=software)) for m in few]
    full, other, pool, head = learnt(world, "other")
    lent = full.borrowed(other, pool, head).mean
    third = {m.signature for m in world.rows if numbered(m) % 3 == 0}
    changes = np.array([key[0] in third for key in full.evidence.table.keys])
    assert (np.median(lent[changes]) - np.median(lent[~changes]) < -0.3) == quicker


def test_newer_software_compares_as_newer():
    texts = ["torch 2.9.1, cuda 12.8", "torch 2.10.0, cuda 12.1", "torch 2.9, cuda 12.8"]
    assert sorted(texts, key=version) == [texts[2], texts[0], texts[1]]
    assert sorted(texts, key=newest_first) == [texts[1], texts[0], texts[2]]
    assert version("tensorrt 8.6, cuda 12.0") == version("tensorrt 8.6.0, cuda 12.0")


def test_another_build_is_no_older_version(world):
    world.rows += [
        replace(m, id=f"x{m.id}", target=replace(m.target, software="torch 1", runtime_options="openblas"))
        for m in world.rows
        if m.target.software == OLD
    ]
    full, cell, _, _ = learnt(world, "card")
    mine = full.evidence.where(cell)
    speaking = mine[full.evidence.current(mine)]
    assert {full.evidence.measurements[i].target.runtime_options for i in speaking} == {"", "openblas"}


def test_versions_of_different_sources_are_not_compared(world):
    rows = [m for m in world.rows if m.target.software == OLD and m.target.device == "card"]
    world.rows += [
        replace(m, id=f"x{m.id}", source="elsewhere", target=replace(m.target, software="jetpack 4")) for m in rows
    ]
    full, cell, _, _ = learnt(world, "card")
    mine = full.evidence.where(cell)
    speaking = full.evidence.current(mine)
    assert {full.evidence.measurements[i].source for i in mine[speaking]} == {"lab", "elsewhere"}
