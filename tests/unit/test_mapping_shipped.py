"""Rules that the shipped evidence keeps: every row accounted for, every mapping leads somewhere, sizes agree with what was printed."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from advisor.devices import load_toml, shipped_profiles
from advisor.locations import shipped
from advisor.records import Measurement, Observation
from advisor.store.importers import convert, observations, tables
from advisor.store.importers.grades import CAUSES, OPTIONS, PARAMS
from advisor.store.importers.mapping import Rejection, Resolver, read_catalogue
from advisor.store.importers.observations import identity_holds, problem_of

BENCHMARKS = shipped("benchmarks_db")
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def mapping() -> tables.Tables:
    return tables.load(BENCHMARKS / "mapping")


@pytest.fixture(scope="module")
def catalogue():
    return read_catalogue(BENCHMARKS / "catalogue", shipped_profiles())


@pytest.fixture(scope="module")
def seen() -> list[Observation]:
    return observations.read_folder(BENCHMARKS / "measurements").observations


@pytest.fixture(scope="module")
def resolved(mapping, catalogue, seen) -> list[Measurement | Rejection]:
    resolver = Resolver(mapping, catalogue)
    return [resolver.resolve(one) for one in seen]


@pytest.fixture(scope="module")
def outcomes(mapping, catalogue, seen) -> dict[str, convert.Outcome]:
    by_source = defaultdict(list)
    for one in seen:
        by_source[one.source].append(one)
    return convert.outcomes(by_source, {}, mapping, catalogue)


def test_ids_are_unique_and_those_of_their_content(seen):
    assert len({one.id for one in seen}) == len(seen)
    assert [one.id for one in seen if not identity_holds(one) or problem_of(one)] == []


def test_the_rows_of_every_source_add_up(outcomes):
    for source, outcome in outcomes.items():
        assert outcome.rows == outcome.accepted + outcome.duplicate + outcome.rejected.total(), source


def test_the_evidence_is_as_broad_as_promised(outcomes):
    assert sum(outcome.accepted for outcome in outcomes.values()) >= 20_000
    assert len([outcome for outcome in outcomes.values() if outcome.accepted]) >= 10
    assert len(set().union(*(outcome.devices for outcome in outcomes.values()))) >= 30
    assert len(set().union(*(outcome.signatures for outcome in outcomes.values()))) >= 1_200


def test_every_source_says_where_it_is_from_and_what_its_figures_are(seen, mapping):
    cited = load_toml(BENCHMARKS / "sources.toml")
    for source in {one.source for one in seen}:
        assert {"title", "url", "license", "citation"} <= set(cited[source])
        assert source in mapping.sources


def test_every_note_holds_known_causes_and_options_only(seen):
    tokens = {token for one in seen if one.note for token in one.note.split("; ")}
    assert {token for token in tokens if not token.startswith(PARAMS)} <= {*CAUSES, *OPTIONS}


def test_rows_of_fused_models_are_evidence_of_the_fused_form(seen, mapping, catalogue):
    resolver = Resolver(mapping, catalogue)
    fused = [resolver.resolve(one) for one in seen if one.source == "timm" and one.model == "mobileone_s0"]
    forms = {m.model for m in fused if isinstance(m, Measurement)}
    assert forms == {"timm/mobileone_s0", "timm/mobileone_s0+reparam"}


def test_no_device_runtime_or_precision_of_the_shipped_evidence_is_unmapped(resolved):
    unmapped = ("is not a known profile", "runtime ", "precision ", "input size")
    reasons = Counter(result.reason for result in resolved if isinstance(result, Rejection))
    assert [reason for reason in reasons if any(text in reason for text in unmapped)] == []


def test_every_mapping_row_leads_to_the_catalogue(mapping, catalogue):
    targets = {row.model for row in mapping.models.values() if row.model}
    assert sorted(targets - set(catalogue.models)) == []


def test_every_mapped_device_has_a_profile_with_the_mapped_power_mode(mapping):
    profiles = {profile.id: profile for profile in shipped_profiles()}
    devices = {row.device for row in mapping.devices.values() if row.device}
    assert sorted(devices - set(profiles)) == []
    for (_, device, printed), mode in mapping.power_modes.items():
        labels = {each.name for each in profiles[device].power_modes} if device in profiles else set()
        if labels and device.startswith("jetson-"):
            assert mode.value in labels, (device, printed)


def test_every_mapping_row_is_used(mapping, seen):
    printed = {(one.source, one.model) for one in seen} | {
        (mapping.sources[one.source].group, one.model) for one in seen
    }
    assert [key for key in mapping.models if key[0] != "*" and key not in printed] == []


def test_architectures_called_the_same_have_the_parameters_that_were_printed(mapping, catalogue):
    params = {}
    with (BENCHMARKS / "catalogue" / "complexity.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            params[row["signature"]] = int(row["params"])
    with (DATA / "paddleclas_printed_sizes.csv").open(encoding="utf-8", newline="") as file:
        printed = {row["printed"]: float(row["params_m"]) * 1e6 for row in csv.DictReader(file)}
    off = []
    for name, count in printed.items():
        row = mapping.models["paddleclas", name]
        if row.relation == "same" and abs(count / params[catalogue.models[row.model][0]] - 1) > 0.03:
            off.append((name, row.model))
    assert off == []


def test_arttrt_prints_times_with_copies_and_the_model_alone(seen):
    scopes = Counter(
        (one.timing_scope, one.locator.endswith(convert.MODEL_ONLY)) for one in seen if one.source == "arttrt"
    )
    assert scopes == {("forward+copies", False): 1670, ("forward", True): 370}
    with_copies = {one.locator: one for one in seen if one.source == "arttrt"}
    for one in with_copies.values():
        if one.timing_scope == "forward":
            assert one.latency_ms <= with_copies[one.locator.removesuffix(convert.MODEL_ONLY)].latency_ms


def test_the_readme_of_torch2trt_repeats_its_nano_table(outcomes):
    assert outcomes["torch2trt_readme"].duplicate >= 36
    assert outcomes["torch2trt_nano"].duplicate == 0


def test_the_same_run_in_several_files_of_arttrt_is_one(outcomes):
    assert outcomes["arttrt"].duplicate >= 160


def test_the_shipped_evidence_stays_small():
    size = sum(path.stat().st_size for path in (BENCHMARKS / "measurements").glob("*.csv"))
    assert size < 12 * 2**20
