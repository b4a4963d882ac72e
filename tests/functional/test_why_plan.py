"""`advisor why` and `advisor plan` as a user meets them: real processes on the shipped evidence."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil

import pytest
from conftest import run_advisor

EMBEDDED = ("--board-class", "embedded")


@pytest.fixture(scope="module")
def ask(shared_home, tmp_path_factory):
    """Runs the command in a home of this module: what is computed when asked is kept for the next question."""
    home = tmp_path_factory.mktemp("asked") / "home"
    shutil.copytree(shared_home, home, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    return lambda *args: run_advisor(*args, home=home)


def answer(done, code: int) -> dict:
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "line",
    [
        "advisor why timm/convnext_base --device jetson-orin-nano-8gb --max-latency 20ms",
        "advisor plan --min-accuracy 80% --min-throughput 30fps --board-class laptop",
    ],
)
def test_a_table_is_for_people(ask, line):
    done = ask(*shlex.split(line)[1:])
    assert done.returncode in (0, 4), done.stderr
    assert "Notes:" in done.stdout
    assert "Traceback" not in done.stderr


def test_why_bounds_the_tail_as_check_does(ask):
    question = ("resnet50", "--device", "jetson-orin-nano-8gb", "--max-latency", "5ms", "--format", "json")
    typical, tail = (json.loads(ask("why", *question, *p90).stdout) for p90 in ((), ("--latency-stat", "p90")))
    checked = json.loads(ask("check", *question, "--latency-stat", "p90").stdout)
    assert tail["pick"]["latency_ms"] == checked["latency_ms"]
    assert tail["pick"]["latency_ms"]["high"] > typical["pick"]["latency_ms"]["high"]
    assert tail["pick"]["probability"] < typical["pick"]["probability"]
    assert any(note.startswith("p90 = typical latency x") for note in tail["notes"])
    unknown = ask("why", "resnet50", "--device", "rtx-3090", "--max-latency", "20ms", "--latency-stat", "p90")
    assert unknown.returncode == 4
    assert "p90 latency" in unknown.stderr


@pytest.mark.parametrize(
    ("question", "code", "verdict"),
    [
        (("resnet50", "--device", "jetson-nano", "--max-latency", "33ms"), 0, "fits"),
        (("vgg16", "--device", "jetson-nano", "--max-latency", "33ms"), 3, "does not fit"),
        (("timm/convnext_base", "--device", "jetson-nano", "--max-latency", "60ms"), 4, "not settled"),
    ],
)
def test_the_exit_code_says_whether_it_fits(ask, question, code, verdict):
    found = answer(ask("why", *question, "--format", "json"), code)
    assert found["verdict"] == verdict
    assert set(found) == {
        "device", "target", "budgets", "confidence", "verdict", "pick", "checks", "changes", "standing", "notes",
    }  # fmt: skip
    assert {check["budget"] for check in found["checks"]} == {"max_latency_ms", "board_memory_mib"}
    assert found["pick"]["measure"].startswith("advisor measure ")
    checked = answer(ask("check", *question, "--format", "json"), code)
    assert checked["probability"] == pytest.approx(found["pick"]["probability"], abs=1e-4)


def test_what_makes_a_model_fit_does_make_it_fit(ask):
    found = answer(ask("why", "resnet50", "--device", "rtx-4090", "--min-throughput", "3000fps", "--format", "json"), 3)
    assert found["changes"]
    change = found["changes"][0]
    assert [setting["name"] for setting in change["settings"]] == ["batch size"]
    batch = change["settings"][0]["after"]
    again = ("why", "resnet50", "--device", "rtx-4090", "--min-throughput", "3000fps", "--batch-size", batch)
    assert answer(ask(*again, "--format", "json"), 0)["pick"]["probability"] == change["pick"]["probability"]


def test_a_smaller_resolution_is_offered_with_the_accuracy_that_the_weights_have_there(ask):
    question = (
        "why",
        "timm/resnet50.a1_in1k",
        "--resolution",
        "288",
        "--device",
        "jetson-nano",
        "--max-latency",
        "40ms",
    )
    found = answer(ask(*question, "--format", "json"), 4)
    change = next(c for c in found["changes"] if [s["name"] for s in c["settings"]] == ["resolution"])
    assert change["pick"]["resolution"] < 288
    assert change["pick"]["top1"] != found["pick"]["top1"]
    assert f"{change['pick']['top1']:.1f} % top-1" in change["accuracy"]


def test_int8_is_no_way_out_where_accuracy_at_int8_is_not_known(ask):
    found = answer(
        ask("why", "vgg16", "--device", "jetson-orin-nano-8gb", "--max-latency", "12ms", "--format", "json"), 4
    )
    assert not any("int8" in c["sentence"] for c in found["changes"])
    assert any("int8" in note and "not known" in note for note in found["notes"])


def test_of_one_precision_a_change_and_a_doubt_are_not_both_told(ask):
    question = ("why", "resnet50", "--device", "jetson-agx-orin-64gb", "--max-latency", "6ms", "--format", "json")
    found = answer(ask(*question), 4)
    assert any("precision int8" in c["sentence"] and "measured at int8" in c["accuracy"] for c in found["changes"])
    assert not any("int8" in note and "not known" in note for note in found["notes"])


def test_weights_of_known_accuracy_are_offered_without_a_difference_to_what_is_unknown(ask):
    question = ("timm/resnet50.a1_in1k", "--resolution", "160", "--min-accuracy", "75%", "--device", "jetson-nano")
    found = answer(ask("why", *question, "--format", "json"), 4)
    assert found["pick"]["top1"] is None
    assert found["changes"]
    assert all("% top-1" in c["accuracy"] for c in found["changes"])
    assert "+nan" not in json.dumps(found)


def test_why_agrees_with_recommend_on_the_first_pick(ask):
    budget = ("--device", "jetson-nano", "--max-latency", "33ms", "--format", "json")
    first = answer(ask("recommend", *budget), 0)["picks"][0]
    named = f"{first['model']}.{first['weights']}"
    found = answer(ask("why", named, "--resolution", str(first["resolution"]), *budget), 0)
    assert found["standing"]["rank"] == 1
    assert found["standing"]["first"] is None
    assert found["pick"]["probability"] == first["probability"]
    other = answer(ask("why", "resnet50", *budget), 0)
    assert other["standing"]["first"]["model"] == first["model"]


def test_a_model_without_published_accuracy_can_be_asked_about(ask):
    found = answer(
        ask("why", "timm/botnet50ts_256", "--device", "rtx-3090", "--max-latency", "1s", "--format", "json"), 0
    )
    assert found["pick"]["top1"] is None
    assert any("no accuracy" in note for note in found["notes"])


def test_wrong_names_are_refused_with_what_there_is(ask):
    done = ask("why", "resnet50.nonsense", "--device", "jetson-nano", "--max-latency", "33ms")
    assert done.returncode == 2
    assert "IMAGENET1K_V2" in done.stderr
    assert ask("plan", "resnet50").returncode == 2
    assert "budget" in ask("plan").stderr


def test_csv_of_why_has_a_line_per_budget_and_of_plan_a_line_per_target(ask):
    question = ("resnet50", "--max-latency", "33ms", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ask("why", *question, "--device", "jetson-nano").stdout)))
    assert [row["met"] for row in rows] == ["yes", "yes"]
    rows = list(csv.DictReader(io.StringIO(ask("plan", *question, *EMBEDDED).stdout)))
    assert {"device", "class", "runtime", "power mode", "chance"} <= set(rows[0])
    assert len(rows) > 30


@pytest.fixture(scope="module")
def resnet50(ask) -> dict:
    return answer(ask("plan", "resnet50", "--max-latency", "33ms", *EMBEDDED, "--format", "json"), 0)


def test_boards_for_resnet_50_at_30_images_a_second_are_those_an_engineer_would_name(resnet50):
    boards = list(dict.fromkeys(offer["device"] for offer in resnet50["offers"]))
    assert boards[0] == "jetson-nano"
    assert not any(board.startswith("raspberry-pi") for board in boards)
    assert {"jetson-orin-nano-8gb", "jetson-agx-orin-64gb", "jetson-tx2"} <= set(boards)
    for offer in resnet50["offers"]:
        assert offer["probability"] >= 0.9
        assert not offer["latency_ms"]["extrapolated"]
        assert offer["latency_ms"]["value"] <= 33
    nano = next(offer for offer in resnet50["offers"] if offer["device"] == "jetson-nano")
    assert nano["latency_ms"]["basis"] == "measured"


def test_boards_whose_only_source_reads_slow_elsewhere_are_said_to_seem_slow_beside_others(ask):
    found = answer(
        ask("plan", "resnet50", "--max-latency", "33ms", *EMBEDDED, "--precision", "fp16", "--format", "json"), 0
    )
    told = [remark for offer in found["offers"] for remark in offer["remarks"] if "reads" in remark]
    assert any(remark.startswith("jetson-agx-orin-64gb: only arttrt measured here, which reads") for remark in told)
    table = ask("plan", "resnet50", "--max-latency", "33ms", *EMBEDDED, "--precision", "fp16").stdout
    assert "only arttrt measured here" in " ".join(table.split())


def test_power_modes_of_a_board_come_in_the_order_of_their_clocks(ask, resnet50):
    loose = answer(ask("plan", "resnet50", "--max-latency", "10s", *EMBEDDED, "--format", "json"), 0)
    by_device: dict[str, dict[str, float]] = {}
    for offer in loose["offers"]:
        if (offer["target"]["runtime"], offer["target"]["precision"]) == ("tensorrt", "fp16"):
            by_device.setdefault(offer["device"], {})[offer["target"]["power_mode"]] = offer["latency_ms"]["value"]
    agx, nano = by_device["jetson-agx-orin-64gb"], by_device["jetson-orin-nano-8gb"]
    assert agx["MAXN"] <= agx["MODE_50W"] <= agx["MODE_30W"] <= agx["MODE_15W"]
    assert nano["15W"] < nano["7W"]
    assert {o["device"] for o in resnet50["offers"]} <= {o["device"] for o in loose["offers"]}
    assert len(loose["offers"]) > len(resnet50["offers"])


def test_the_plan_for_one_model_says_what_predict_says(ask, resnet50):
    offer = next(o for o in resnet50["offers"] if o["target"]["power_mode"] == "7W")
    asked = ("--device", offer["device"], "--power-mode", "7W", "--format", "json")
    found = answer(ask("predict", "resnet50", *asked), 0)["predictions"][0]
    assert found["latency_ms"] == offer["latency_ms"]
    assert found["memory_mib"] == offer["memory_mib"]


def test_a_plan_over_models_names_the_best_of_each_board_and_keeps_the_floor(ask):
    question = (
        "plan",
        "--min-accuracy",
        "80%",
        "--min-throughput",
        "30fps",
        "--board-class",
        "laptop",
        "--format",
        "json",
    )
    offers = answer(ask(*question), 0)["offers"]
    boards = [offer["device"] for offer in offers]
    assert len(boards) == len(set(boards))
    for offer in offers:
        assert offer["top1"] >= 80
        assert offer["probability"] >= 0.9
        assert offer["throughput_img_s"]["value"] >= 30
    budget = ("--min-accuracy", "80%", "--min-throughput", "30fps", "--top", "1", "--format", "json")
    best = answer(ask("recommend", "--device", "rtx-2060-max-q", *budget), 0)["picks"][0]
    shown = next(offer for offer in offers if offer["device"] == "rtx-2060-max-q")
    assert shown["top1"] >= round(best["top1"], 1) - 0.05


def test_where_no_board_does_the_nearest_are_named_with_what_they_miss(ask):
    found = answer(ask("plan", "torchvision/vgg16", "--max-latency", "1us", *EMBEDDED, "--format", "json"), 3)
    assert found["offers"] == []
    assert 1 <= len(found["nearest"]) <= 5
    assert all("above the budget of" in offer["misses"][0] for offer in found["nearest"])


def test_a_device_of_which_nothing_is_known_is_named_with_the_reason(ask):
    found = answer(
        ask("plan", "resnet50", "--max-latency", "33ms", "--runtime", "onnxruntime", *EMBEDDED, "--format", "json"), 4
    )
    reasons = {row["device"]: row["reason"] for row in found["unanswered"]}
    assert "measured on this kind of device" in reasons["jetson-nano"]
