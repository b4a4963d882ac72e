"""Decisions as a user asks for them: real processes on the shipped evidence."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from itertools import pairwise

import pytest

from advisor.predict.answers import _NOISE_BY_GRADE
from advisor.recommend.chance import chance_at_most
from advisor.store import open_store

JETSON = ("--device", "jetson-orin-nano-8gb")


def asked(advisor, *arguments, code: int = 0) -> dict:
    done = advisor("recommend", *arguments, "--format", "json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_the_answer_says_who_ties_who_is_on_the_front_and_who_is_dominated_by_whom(advisor):
    found = asked(advisor, *JETSON, "--max-latency", "50ms", "--top", "20")
    first = found["picks"][0]
    assert first["tie_group"] == 1
    assert found["tied"][0] == f"{first['model']}.{first['weights']}"
    assert {p["pareto"] for p in found["picks"]} == {True, False}
    assert all(bool(p["dominated_by"]) is not p["pareto"] for p in found["picks"])
    groups = [p["tie_group"] for p in found["picks"]]
    assert groups == sorted(groups)


def test_every_step_and_every_tightening_holds_when_it_is_asked_for(advisor):
    found = asked(advisor, *JETSON, "--max-latency", "20ms")
    before = found["picks"][0]
    steps = [r for r in found["relaxations"] if r["budget"] == "max_latency_ms"]
    assert steps
    for step in steps:
        bought = asked(advisor, *JETSON, "--max-latency", step["needed"].replace(" ", ""))["picks"][0]
        assert (bought["model"], bought["top1"]) == (step["model"], pytest.approx(step["top1"], abs=0.01))
        assert bought["top1"] == pytest.approx(before["top1"] + step["gain"], abs=0.01)
    (stricter,) = found["tightenings"]
    kept = asked(advisor, *JETSON, "--max-latency", stricter["possible"].replace(" ", ""))["picks"][0]
    assert kept["model"] == before["model"]


@pytest.mark.parametrize("objective", ["latency", "memory", "throughput", "balanced"])
def test_each_objective_answers_within_the_same_budgets(advisor, objective):
    found = asked(advisor, *JETSON, "--max-latency", "30ms", "--min-accuracy", "78%", "--objective", objective)
    assert found["objective"] == objective
    assert all(p["accuracy"] >= 78 and p["probability"] >= 0.9 for p in found["picks"])


@pytest.mark.parametrize("test_set", ["top-5", "real", "v2", "a", "r", "sketch"])
def test_accuracy_can_be_of_every_test_set_of_the_catalogue(advisor, test_set):
    found = asked(advisor, *JETSON, "--max-latency", "50ms", "--accuracy-on", test_set)
    shown = [p["accuracy"] for p in found["picks"]]
    assert shown == sorted(shown, key=lambda accuracy: -round(accuracy, 1))
    assert all(p["accuracy"] != p["top1"] for p in found["picks"])
    assert any("the others are left out" in note for note in found["notes"])


def test_power_is_answered_where_it_was_metered_and_refused_where_not(advisor):
    found = asked(advisor, "--device", "jetson-tx2", "--max-power", "16W", "--max-energy", "0.2J")
    assert found["picks"][0]["power_w"]["basis"] == "measured"
    assert found["picks"][0]["energy_mj_per_image"]["value"] <= 200
    refused = advisor("recommend", *JETSON, "--max-power", "15W")
    assert refused.returncode == 4
    assert "power mode 15W caps the board itself" in refused.stderr


def test_without_a_power_budget_unknown_power_is_said_not_guessed(advisor):
    pick = asked(advisor, *JETSON)["picks"][0]
    assert pick["power_w"] is None
    assert "never guessed" in pick["power_w_reason"]


def test_int8_is_answered_only_with_accuracy_at_int8(advisor):
    found = asked(advisor, "--device", "jetson-agx-orin-64gb", "--precision", "int8")
    assert {p["accuracy_precision"] for p in found["picks"]} == {"int8"}
    other = advisor("recommend", "--device", "jetson-agx-orin-64gb", "--precision", "int8", "--accuracy-on", "real")
    assert other.returncode == 4
    assert "top-1 only" in other.stderr


def test_families_on_record_as_breaking_at_fp16_are_no_picks_in_tensorrt(advisor):
    found = asked(advisor, *JETSON, "--top", "1000", "--all")
    families = {p["model"].partition("/")[2].partition("_")[0] for p in found["picks"]}
    assert not families & {"vit", "deit", "deit3", "beit", "beitv2", "eva02", "swin", "convnext", "convnextv2"}
    checked = asked(advisor, *JETSON, "--top", "1000", "--all", "--library", "torchvision")["picks"]
    assert {p["accuracy_precision"] for p in checked} == {"fp16", "fp32"}


@pytest.mark.parametrize("width", [80, 120, 160])
def test_the_table_fits_the_terminal(home, width):
    from advisor.render.answers import recommendation
    from advisor.workflows.answering import recommend

    answer = recommend(device="jetson-orin-nano-8gb", max_latency="50ms")
    lines = recommendation(answer, "table", width).splitlines()
    assert max(map(len, lines)) <= width
    row = next(line for line in lines if line.lstrip().startswith("1 a"))
    assert answer.picks[0].model in row  # names are not folded


def successive_versions(store) -> dict[tuple[str, ...], list[tuple[float, float, str]]]:
    """(device, runtime, format, older, newer) -> (older ms, newer ms, grade) of networks that timm timed under two versions."""
    from advisor.predict.software import version

    seen: dict[tuple, dict] = defaultdict(dict)
    for m in store.measurements():
        if m.source == "timm" and m.latency_ms and m.target.software:
            t = m.target
            seen[t.device, t.runtime, t.memory_format, m.model, m.resolution, m.batch_size][t.software] = m
    pairs = defaultdict(list)
    for key, by_version in seen.items():
        order = sorted(by_version, key=version)
        for old, new in pairwise(order):
            first, second = by_version[old], by_version[new]
            pairs[(*key[:3], old, new)].append((first.latency_ms, second.latency_ms, first.grade))
    return {key: found for key, found in pairs.items() if len(found) >= 20}


def test_a_measured_rows_chance_holds_under_the_next_version_of_its_software(shared_home):
    with open_store(str(shared_home / "advisor.db")) as store:
        found = successive_versions(store)
    assert len(found) == 7
    for key, pairs in found.items():
        broken = 0
        for old, new, grade in pairs:
            noise = math.exp(_NOISE_BY_GRADE[grade])
            broken += chance_at_most(old, old / noise, old * noise, new) > 0.95
        assert broken / len(pairs) <= 0.07, key  # 5 % is nominal
