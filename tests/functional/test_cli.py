"""The command line as a user meets it: real processes on the shipped evidence."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

JETSON = ("--device", "jetson-orin-nano-8gb")


def answer(done) -> dict:
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_the_first_question_is_answered_for_the_familys_default_board(advisor):
    done = advisor("recommend", "--device", "jetson", "--max-latency", "50ms", "--format", "json")
    assert done.returncode == 0
    found = answer(done)
    assert found["device"] == "jetson-orin-nano-8gb"
    assert found["picks"][0]["rank"] == 1
    assert any("family's default" in note for note in found["notes"])
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("typed", "meant", "where"),
    [(["recomend"], "recommend", "advisor --help"), (["db", "exprt", "out.jsonl"], "export", "advisor db --help")],
)
def test_a_mistyped_command_is_told_which_was_meant(advisor, typed, meant, where):
    done = advisor(*typed)
    assert done.returncode == 2
    assert f"did you mean {meant}?" in done.stderr
    assert f"{where}' shows all" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_every_pick_keeps_the_promises_of_the_answer(advisor):
    found = answer(
        advisor(
            "recommend", *JETSON, "--max-latency", "20ms", "--min-accuracy", "70%", "--top", "20", "--format", "json"
        )
    )
    tops = [p["top1"] for p in found["picks"]]
    assert tops == sorted(tops, key=lambda t: -round(t, 1))
    for p in found["picks"]:
        assert p["probability"] >= found["confidence"]
        assert p["top1"] >= 70
        assert p["latency_ms"]["value"] <= 20
        assert not p["latency_ms"]["extrapolated"]
        assert p["latency_ms"]["low"] <= p["latency_ms"]["value"] <= p["latency_ms"]["high"]
        assert p["latency_ms"]["evidence"]
        assert p["memory_mib"]["evidence"]
        assert (
            p["memory_mib"]["value"] == pytest.approx(sum(p["memory_parts_mib"].values()), rel=0.02)
            or p["memory_mib"]["basis"] == "measured"
        )
        assert p["measure"].startswith(f"advisor measure {p['model']} --device jetson-orin-nano-8gb")


def test_the_shape_of_the_answer_is_what_scripts_rely_on(advisor):
    found = answer(advisor("recommend", *JETSON, "--format", "json"))
    promised = {"device", "target", "budgets", "confidence", "picks", "measure_first", "relaxations", "notes"}
    assert promised | {"objective", "accuracy_on", "tightenings", "tied", "tie_width"} == set(found)
    assert {
        "device",
        "compute_unit",
        "power_mode",
        "runtime",
        "runtime_options",
        "precision",
        "memory_format",
        "threads",
        "batch_size",
    } == set(found["target"])
    needed = {
        "rank",
        "model",
        "weights",
        "license",
        "resolution",
        "top1",
        "params_m",
        "gmacs",
        "target",
        "latency_ms",
        "throughput_img_s",
        "memory_mib",
        "probability",
        "reasons",
    }
    assert needed <= set(found["picks"][0])
    assert {"value", "low", "high", "basis", "extrapolated", "evidence"} == set(found["picks"][0]["latency_ms"])
    assert "board_memory_mib" in found["budgets"]


def test_a_tighter_budget_never_gives_a_more_accurate_best_pick(advisor):
    best = []
    for budget in ("5ms", "20ms", "100ms"):
        picks = answer(advisor("recommend", *JETSON, "--max-latency", budget, "--format", "json"))["picks"]
        best.append(picks[0]["top1"] if picks else 0.0)
    assert best == sorted(best)


def test_nothing_feasible_is_exit_3_with_what_comes_closest(advisor):
    done = advisor("recommend", *JETSON, "--max-latency", "1ms", "--min-accuracy", "88%", "--format", "json")
    assert done.returncode == 3
    found = answer(done)
    assert found["picks"] == []
    assert found["relaxations"]
    assert any("alone rules out" in note for note in found["notes"])


def test_int8_without_accuracy_evidence_is_not_recommended(advisor):
    found = answer(advisor("recommend", "--device", "jetson-agx-orin-64gb", "--precision", "int8", "--format", "json"))
    assert any("int8" in note for note in found["notes"])
    assert {p["model"].split("/")[1] for p in found["picks"]} <= {
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "mobilenet_v2",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "jetson-orin-nan"), "did you mean jetson-orin-nano"),
        (("--device", "coral edgetpu"), "TPUs"),
        ((*JETSON, "--max-latency", "50"), "has no unit; accepted: 50ms"),
        ((*JETSON, "--max-latency", "-5ms"), "greater than 0"),
        ((*JETSON, "--max-memory", "1parsec"), "accepted: 1.5GB"),
        ((*JETSON, "--min-accuracy", "75"), "write 75%"),
        ((*JETSON, "--confidence", "2"), "above 0 and below 1"),
        ((*JETSON, "--batch-size", "0"), "between 1 and"),
        ((*JETSON, "--batch-size", "100000000"), "between 1 and"),
        ((*JETSON, "--resolution", "0"), "resolutions with accuracy: "),
        (("--device", "raspberry-pi-4b", "--threads", "64"), "between 1 and 4"),
        ((*JETSON, "--resolution", "1"), "resolutions with accuracy: "),
        ((*JETSON, "--runtime", "torch7"), "torch7"),
        ((*JETSON, "--power-mode", "LUDICROUS"), "LUDICROUS"),
        ((*JETSON, "--threads", "4"), "threads"),
        ((*JETSON, "--runtime", "tensorlight"), "tensorlight"),
    ],
)
def test_a_wrong_question_is_exit_2_with_what_would_be_right(advisor, arguments, said):
    done = advisor("recommend", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_csv_has_one_line_per_pick_and_markdown_a_pipe_table(advisor):
    rows = list(csv.DictReader(io.StringIO(advisor("recommend", *JETSON, "--format", "csv", "--top", "3").stdout)))
    assert len(rows) == 3
    assert rows[0]["model"]
    assert float(rows[0]["latency_ms_low"]) <= float(rows[0]["latency_ms"]) <= float(rows[0]["latency_ms_high"])
    assert re.search(r"^\|---\|.*---:\|", advisor("recommend", *JETSON, "--format", "markdown").stdout, re.M)


def test_a_table_is_for_people(advisor):
    shown = advisor("recommend", *JETSON, "--max-latency", "50ms").stdout
    assert "Why " in shown
    assert "Notes:" in shown


def test_predict_agrees_with_recommend(advisor):
    pick = answer(advisor("recommend", *JETSON, "--format", "json"))["picks"][0]
    same = answer(
        advisor("predict", pick["model"], *JETSON, "--resolution", str(pick["resolution"]), "--format", "json")
    )
    assert same["predictions"][0]["latency_ms"]["value"] == pick["latency_ms"]["value"]


def test_nothing_known_of_a_runtime_is_exit_4_with_the_reason(advisor_at, home):
    asked = ("--device", "rtx-3090", "--runtime", "onnxruntime", "--format", "json")
    done = advisor_at("predict", "resnet50", *asked, home=home)
    assert done.returncode == 4
    (found,) = answer(done)["predictions"]
    assert found["latency_ms"] is None
    assert found["latency_ms_reason"]
    for budget in (("--max-latency", "5ms"), ()):
        done = advisor_at("recommend", *budget, *asked, home=home)
        assert done.returncode == 4
        assert "no latency is known" in done.stderr


def test_orin_boards_are_ordered_as_their_clocks_and_batches_are(advisor_at, home):
    def latency(*options: str) -> float:
        asked = ("predict", "resnet50", "--device", "jetson-agx-orin-64gb", *options, "--format", "json")
        return answer(advisor_at(*asked, home=home))["predictions"][0]["latency_ms"]["value"]

    modes = [latency("--power-mode", mode) for mode in ("MAXN", "MODE_30W", "MODE_15W")]
    assert modes == sorted(modes)
    batches = [latency("--batch-size", str(batch)) for batch in (1, 2, 4, 8, 16, 32)]
    assert batches == sorted(batches)


def test_p90_is_answered_where_tails_are_documented_and_exit_4_elsewhere(advisor_at, home):
    asked = ("recommend", "--latency-stat", "p90", "--max-latency", "20ms", "--format", "json")
    done = advisor_at(*asked, "--device", "rtx-3090", home=home)
    assert done.returncode == 4
    assert "p90" in done.stderr
    tensorrt = ("--device", "a100-80gb", "--runtime", "tensorrt", "--precision", "fp16")
    typical, tail = (answer(advisor_at(*a, *tensorrt, home=home)) for a in ((*asked[:1], *asked[3:]), asked))
    assert any("p90 = typical latency x" in note for note in tail["notes"])
    assert not any("p90" in note for note in typical["notes"])


def test_predict_for_all_models_covers_the_catalogue(advisor):
    found = answer(advisor("predict", "--all", *JETSON, "--format", "json"))["predictions"]
    assert len(found) > 1000


def test_a_larger_batch_takes_longer_and_is_computed_on_demand(advisor_at, home):
    found = [
        answer(advisor_at("predict", "resnet50", *JETSON, "--batch-size", str(b), "--format", "json", home=home))[
            "predictions"
        ][0]["latency_ms"]["value"]
        for b in (1, 4, 8, 32)
    ]
    assert found == sorted(found)


def test_explain_shows_layers_and_totals(advisor):
    found = answer(advisor("explain", "resnet18", "--format", "json"))
    assert found["params"] == 11689512
    assert found["layers"][0]["name"] == "conv1"
    assert found["layers"][0]["output_shape"] == [1, 64, 112, 112]
    assert sum(layer["macs"] for layer in found["layers"]) == found["macs"]


def test_explain_on_a_device_says_where_the_predicted_time_goes(advisor):
    found = answer(advisor("explain", "vgg16", "--device", "jetson-nano", "--format", "json"))
    parts = found["predicted_parts_ms"]
    assert next(iter(parts)) == "dense convolutions"
    assert all(ms > 0 for ms in parts.values())
    assert "launching operators" in parts


def test_models_and_devices_are_listed_and_shown(advisor):
    assert len(answer(advisor("models", "list", "--format", "json"))["models"]) > 1300
    assert "resnet50" in advisor("models", "show", "resnet50").stdout
    assert len(answer(advisor("devices", "list", "--format", "json"))["devices"]) >= 55
    shown = advisor("devices", "show", "jetson-nano").stdout
    assert "MAXN" in shown
    assert "source" in shown


def test_detect_says_what_each_probe_found_or_why_not(advisor):
    found = answer(advisor("devices", "detect", "--format", "json"))
    assert all(p["value"] is not None or p["reason"] for p in found["probes"].values())


def test_an_unknown_model_is_exit_2_with_near_names(advisor):
    done = advisor("predict", "resnet5O", *JETSON)
    assert done.returncode == 2
    assert "did you mean" in done.stderr


def test_verify_proves_the_counts(advisor):
    done = advisor("db", "verify", "--format", "json")
    assert done.returncode == 0
    found = answer(done)
    assert found["intact"]
    counts = found["counts"]
    assert counts["measurements"] >= 20_000
    assert counts["sources_with_measurements"] >= 10
    assert counts["devices_with_measurements"] >= 30
    assert counts["architectures"] >= 1_300
    assert counts["models"] >= 1_350
    assert counts["architectures_with_resolution"] >= 1_700
    assert counts["weights_with_accuracy"] >= 1_300
    assert sum(s["rows"] for s in found["sources"]) == sum(
        s["accepted"] + s["duplicate"] + s["rejected"] for s in found["sources"]
    )


def test_without_arguments_the_commands_are_listed(advisor):
    done = advisor()
    assert done.returncode == 0
    assert "recommend" in done.stdout


def test_an_evaluation_of_one_device_says_what_it_can(advisor, tmp_path):
    page = tmp_path / "evaluation.md"
    done = advisor("evaluate", "--device", "titan-xp", "--write", str(page), "--format", "json")
    assert page.read_text().startswith("# Errors on what was not seen")
    assert "| titan-xp |" in page.read_text()
    assert done.returncode == 0
    found = answer(done)["evaluations"]
    assert {row["target"]["device"] for row in found} == {"titan-xp"}
    assert {row["split"] for row in found} == {"S1", "S2", "S3 K=0"}
    unmeasured = advisor("evaluate", "--device", "rtx-5090")
    assert unmeasured.returncode == 4
    assert "advisor measure" in unmeasured.stderr


def test_a_search_has_a_limit_and_says_it(advisor):
    done = advisor("fit", "--tune", "99")
    assert done.returncode == 2
    assert "1 to 50" in done.stderr
