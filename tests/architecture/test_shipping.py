"""What is shipped: the wheel carries the data, and the manifest is of this data."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from advisor.locations import shipped
from advisor.store import manifest

ROOT = Path(__file__).parents[2]


def test_the_manifest_is_of_the_data_that_is_here():
    data, fitted = manifest.recorded()
    assert data == manifest.compute(), "run: python -m advisor.store.manifest"
    assert fitted == manifest.compute_predictors(), "run: python -m advisor.workflows.prefitting"


def test_the_shipped_predictors_were_fitted_to_the_data_that_is_here():
    with gzip.open(shipped("benchmarks_db") / manifest.PREDICTORS, "rt") as file:
        made_from = json.loads(file.readline())["made_from"]
    assert made_from == manifest.compute(), "run: python -m advisor.workflows.prefitting"


@pytest.mark.needs_build
def test_the_wheel_carries_profiles_and_evidence(tmp_path):
    pytest.importorskip("build", reason="extra 'test' is not installed")
    pytest.importorskip("hatchling", reason="extra 'test' is not installed")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("arch_advisor-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"advisor/_data/{path.relative_to(ROOT)}"
        for folder in ("profiles", "benchmarks_db")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert expected <= names
    assert len(expected) > 100
