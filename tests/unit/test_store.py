"""The database: migrations, round trips, and facts that are never doubled or lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.errors import StoreError
from advisor.locations import database, shipped
from advisor.predict.workbench import SETTINGS
from advisor.records import Estimate, Quantity, Target
from advisor.store import connection, open_store, schema
from advisor.store.seeding import add_observations
from advisor.workflows.preparing import prepared_store

TARGET = Target("jetson-orin-nano-8gb", "gpu", "15W", "onnxruntime", "fp32")


@pytest.fixture
def store(home: Path):
    """The test's own prepared store."""
    with prepared_store() as opened:
        yield opened


def test_a_new_database_has_the_current_schema(tmp_path):
    with open_store(str(tmp_path / "a.db")) as store:
        assert store.db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert store.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store.db.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_an_older_database_is_upgraded_after_a_backup(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    with open_store(str(path)) as store:
        store.set_meta("kept", "yes")
    monkeypatch.setattr(connection, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE later (x);\n"))
    monkeypatch.setattr(connection, "VERSION", schema.VERSION + 1)
    with open_store(str(path)) as store:
        assert store.meta("kept") == "yes"
        assert store.db.execute("SELECT count(*) FROM later").fetchone() == (0,)
    backup = path.with_suffix(f".v{schema.VERSION}.backup")
    with sqlite3.connect(backup) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    old.close()


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    open_store(str(path)).db.close()
    monkeypatch.setattr(
        connection, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE later (x);\nCREATE TABLE later (x);\n")
    )
    monkeypatch.setattr(connection, "VERSION", schema.VERSION + 1)
    with pytest.raises(StoreError, match="already exists"):
        open_store(str(path))
    monkeypatch.undo()
    with open_store(str(path)) as store:
        assert store.db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone() == (0,)


def _half_done(store):
    with store.writing():
        store.set_meta("a", "1")
        store.db.execute("INSERT INTO nowhere VALUES (1)")


def test_a_transaction_is_all_or_nothing(tmp_path):
    with open_store(str(tmp_path / "a.db")) as store:
        with pytest.raises(StoreError):
            _half_done(store)
        assert store.meta("a") is None


def an_estimate(store) -> Estimate:
    signature, resolution = sorted(store.complexities())[0]
    latency = Quantity(4.5, 4.0, 5.0, "calibrated", True, ("source-a", "source-b"))
    memory = Quantity(500.0, 400.0, 700.0, "predicted", False, ("constants",))
    return Estimate(
        signature,
        resolution,
        2,
        latency,
        "",
        444.0,
        memory,
        "",
        {"weights": 1.0, "activations": 2.0, "runtime": 3.0},
        ("a flag",),
    )


def test_estimates_survive_the_round_trip(store):
    one = an_estimate(store)
    unknown = one._replace(
        latency=None,
        latency_reason="no peak rate",
        memory=None,
        memory_reason="no constant",
        memory_parts_mib={},
        throughput_img_s=None,
    )
    for estimate in (one, unknown):
        store.write_estimates(TARGET, 2, [estimate])
        assert store.estimates(TARGET, 2) == [estimate]


def test_writing_estimates_again_replaces_them(store):
    store.write_estimates(TARGET, 2, [an_estimate(store)])
    store.write_estimates(TARGET, 2, [])
    assert store.estimates(TARGET, 2) == []


def test_an_estimate_of_an_unknown_architecture_is_refused(store):
    with pytest.raises((StoreError, KeyError)):
        store.write_estimates(TARGET, 2, [an_estimate(store)._replace(resolution=17)])


def test_a_predictor_is_kept_as_json(store):
    store.write_predictor(TARGET, {"coefficients": [1.0, 2.0]})
    assert store.predictor(TARGET) == {"coefficients": [1.0, 2.0]}
    assert store.predictor(replace(TARGET, precision="fp16")) is None


def test_adding_the_same_observations_again_changes_nothing(store):
    seen = [o for _, o in zip(range(50), store.observations(origin="shipped"), strict=False)]
    before = store.db.execute("SELECT count(*) FROM observations").fetchone()
    outcomes = add_observations(store, shipped("benchmarks_db"), seen, "user")
    assert {outcome for outcome, _ in outcomes.values()} == {"duplicate"}
    assert store.db.execute("SELECT count(*) FROM observations").fetchone() == before


def test_what_recommend_reads_is_found_by_index(store):
    plan = " ".join(
        row[3]
        for row in store.db.execute("EXPLAIN QUERY PLAN SELECT * FROM estimates WHERE target_id = 1 AND batch_size = 1")
    )
    assert "SEARCH estimates USING PRIMARY KEY (target_id=? AND batch_size=?)" in plan
    names = " ".join(
        row[3] for row in store.db.execute("EXPLAIN QUERY PLAN SELECT * FROM device_names WHERE name = 'x'")
    )
    assert "SEARCH" in names


def test_the_default_targets_of_all_devices_are_materialised(store):
    missing = [d.id for d in store.devices() for batch in (1, 8) if not store.estimates(d.default_target, batch)]
    assert missing == []


def test_a_refresh_keeps_the_users_own_observations(store, home):
    taken = next(iter(store.observations(origin="shipped", outcome="accepted")))
    mine = replace(taken, id="f" * len(taken.id), source="mine", latency_ms=taken.latency_ms)
    add_observations(store, shipped("benchmarks_db"), [mine], "user")
    store.set_meta("shipped", "an older version")
    store.db.close()
    assert Path(database()).parent == home
    with prepared_store() as refreshed:
        assert [o.id for o in refreshed.observations(origin="user")] == [mine.id]


_OPENS = "import sys; from advisor.store.connection import connect; input(); connect(sys.argv[1])[0].close(); print('opened')"


def test_processes_that_create_one_database_at_the_same_moment_all_open_it(tmp_path):
    for attempt in range(5):
        path = tmp_path / f"{attempt}.db"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        opening = [subprocess.Popen([sys.executable, "-c", _OPENS, str(path)], **pipes) for _ in range(3)]
        time.sleep(0.1)
        for process in opening:
            process.stdin.write("\n")
            process.stdin.flush()
        assert [process.communicate(timeout=60) for process in opening] == [("opened\n", "")] * 3


def test_settings_tuned_for_another_version_are_dropped_and_said(store):
    store.set_meta(SETTINGS, '{"no_such_setting": 1.0}')
    store.set_meta("shipped", "an older version")
    store.db.close()
    said: list[str] = []
    with prepared_store(said.append) as refreshed:
        assert refreshed.meta(SETTINGS) is None
    assert any("tuned for another version" in line for line in said)
    assert "predictions" in said  # the shipped ones: nothing is fitted
