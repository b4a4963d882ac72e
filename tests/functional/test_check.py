"""advisor check as a gate: three answers, three exit codes, and files as models."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path
from xml.etree import ElementTree

import pytest

NANO = ("--device", "jetson-orin-nano-8gb")
FITS, DOES_NOT_FIT, NOT_SETTLED = ("50ms", 0), ("1ms", 3), ("6ms", 4)
FACTORIES = '''
"""Networks of a user."""
import torchvision
from torch import nn

print("this goes nowhere near the answer")


def known():
    return torchvision.models.resnet18()


def own():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )


def broken():
    raise ValueError("no such configuration")


def number():
    return 7
'''


@pytest.fixture
def factories(tmp_path: Path) -> Path:
    pytest.importorskip("torchvision")
    path = tmp_path / "nets.py"
    path.write_text(FACTORIES, encoding="utf-8")
    return path


@pytest.fixture
def resnet18(tmp_path: Path) -> Path:
    """An ONNX file of torchvision's ResNet-18, norms folded, as exporters write it."""
    pytest.importorskip("onnx")
    torch, models = pytest.importorskip("torch"), pytest.importorskip("torchvision.models")
    import warnings

    path = tmp_path / "resnet18.onnx"
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        module = models.resnet18(weights=None).eval()
        torch.onnx.export(module, (torch.zeros(1, 3, 224, 224),), str(path), dynamo=False, opset_version=17)
    return path


def answer(done) -> dict:
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("budget", "status"), [FITS, DOES_NOT_FIT, NOT_SETTLED])
@pytest.mark.parametrize("fmt", ["table", "junit"])
def test_the_exit_code_is_the_answer_whatever_the_format(fmt, budget, status, advisor):
    done = advisor("check", "resnet50", *NANO, "--max-latency", budget, "--format", fmt)
    assert done.returncode == status
    assert done.stdout
    assert done.stderr == ""


def test_what_is_not_settled_names_the_command_that_settles_it(advisor):
    found = answer(advisor("check", "resnet50", *NANO, "--max-latency", "6ms", "--format", "json"))
    assert found["outcome"] == "not settled"
    assert 0.1 < found["probability"] < 0.9
    assert found["settle"] == [
        "advisor measure torchvision/resnet50 --device jetson-orin-nano-8gb --runtime tensorrt --precision fp16 "
        "--resolution 224 --batch-sizes 1 --power-mode 15W"
    ]


def test_more_confidence_never_settles_what_less_left_open(advisor):
    outcomes = [
        answer(advisor("check", "resnet50", *NANO, "--max-latency", "8ms", "--confidence", p, "--format", "json"))["outcome"]
        for p in ("0.6", "0.8", "0.99")
    ]  # fmt: skip
    assert outcomes == sorted(outcomes, key=["fits", "not settled"].index)


def test_an_extrapolated_latency_settles_nothing_but_a_budget_without_it_may(advisor):
    open_ = answer(advisor("check", "swin_v2_t", *NANO, "--max-latency", "10s", "--format", "json"))
    assert open_["latency_ms"]["extrapolated"]
    assert (open_["outcome"], open_["at_least"]) == ("not settled", 0.0)
    assert advisor("check", "swin_v2_t", *NANO, "--max-latency", "10s", "--max-params", "1M").returncode == 3
    assert advisor("check", "swin_v2_t", *NANO, "--max-memory", "4GB").returncode == 0


def test_accuracy_is_that_of_the_best_weights_at_the_resolution(advisor):
    found = answer(advisor("check", "resnet50", *NANO, "--min-accuracy", "80%", "--format", "json"))
    (accuracy,) = (b for b in found["budgets"] if b["name"] == "min_accuracy_percent")
    assert (found["outcome"], accuracy["chance"]) == ("fits", 1.0)
    assert advisor("check", "resnet50", *NANO, "--min-accuracy", "90%").returncode == 3


@pytest.mark.parametrize(
    ("budget", "children"), [("50ms", {"system-out"}), ("1ms", {"failure"}), ("6ms", {"error"})]
)  # fmt: skip
def test_junit_has_one_case_that_only_passes_where_it_fits(budget, children, advisor):
    done = advisor("check", "resnet50", *NANO, "--max-latency", budget, "--format", "junit")
    root = ElementTree.fromstring(done.stdout)  # noqa: S314 - our own output
    (case,) = root.iter("testcase")
    assert root.tag == "testsuites"
    assert {child.tag for child in case} == children
    assert (root.get("failures"), root.get("errors")) == (
        str(int("failure" in children)),
        str(int("error" in children)),
    )


def test_csv_has_a_row_per_budget_and_markdown_a_table(advisor):
    done = advisor("check", "resnet50", *NANO, "--max-latency", "50ms", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["budget"] for row in rows] == ["max_latency_ms", "board_memory_mib"]
    assert {row["outcome"] for row in rows} == {"fits"}
    assert "| latency at most | 50.0 ms |" in advisor(
        "check", "resnet50", *NANO, "--max-latency", "50ms", "--format", "markdown"
    ).stdout  # fmt: skip


def test_an_onnx_file_of_a_registered_architecture_is_answered_like_that_one(resnet18, advisor):
    by_file, by_name = (
        answer(advisor("check", model, *NANO, "--max-latency", "5ms", "--format", "json"))
        for model in (str(resnet18), "torchvision/resnet18")
    )
    assert by_file["registered"] == "torchvision/resnet18"
    for key in ("outcome", "probability", "latency_ms", "memory_mib", "target"):
        assert by_file[key] == by_name[key]


def test_predict_and_explain_take_an_onnx_file(resnet18, advisor):
    named, filed = answer(
        advisor("predict", "torchvision/resnet18", str(resnet18), *NANO, "--format", "json")
    )["predictions"]  # fmt: skip
    assert filed["latency_ms"] == named["latency_ms"]
    found = answer(advisor("explain", str(resnet18), *NANO, "--format", "json"))
    known = answer(advisor("explain", "torchvision/resnet18", "--format", "json"))
    assert (found["params"], found["macs"]) == (known["params"], known["macs"])
    assert sum(layer["macs"] for layer in found["layers"]) == known["macs"]


def test_accuracy_of_a_file_is_unknown_which_leaves_the_question_open(resnet18, advisor):
    done = advisor("check", str(resnet18), *NANO, "--max-latency", "50ms", "--min-accuracy", "60%", "--format", "json")
    assert done.returncode == 4
    assert any("accuracy of your own weights is not known" in reason for reason in answer(done)["reasons"])


def test_a_graph_that_pytorch_would_run_otherwise_says_so(shared_home, monkeypatch):
    monkeypatch.setenv("ADVISOR_HOME", str(shared_home))
    from advisor.workflows.answering import TargetOptions
    from advisor.workflows.preparing import prepared_store
    from advisor.workflows.subjects import Subject, as_written

    with prepared_store() as store:
        model = store.model("torchvision/resnet18")
        totals = store.complexity(model.signature)[224]
        eager, engine = TargetOptions().on(store.device("rtx-4090")), TargetOptions().on(store.device(NANO[1]))
    new, known = (Subject("a.onnx", one, totals, (), "onnx") for one in (None, model))
    assert "does not run ONNX files" in as_written(new, eager)[0]
    assert as_written(new, engine) == as_written(known, eager) == ()


def test_a_factory_runs_in_the_open_and_a_new_network_gets_the_interval_of_a_new_family(
    factories, advisor, shared_home
):
    def kept() -> int:
        with sqlite3.connect(shared_home / "advisor.db") as db:
            return db.execute("SELECT (SELECT count(*) FROM estimates) + (SELECT count(*) FROM complexity)").fetchone()[
                0
            ]

    known = answer(advisor("predict", "resnet18", "--device", "rtx-4090", "--batch-size", "512", "--format", "json"))
    before = kept()
    done = advisor("check", f"{factories}:own", "--device", "rtx-4090", "--batch-size", "512", "--format", "json")
    found = answer(done)
    assert done.stderr.startswith(f"advisor: running the code of {factories}")
    assert "nowhere near" not in done.stdout
    assert found["registered"] is None
    assert any("family of its own" in reason for reason in found["reasons"])
    low, high = (found["latency_ms"][k] for k in ("low", "high"))
    seen = known["predictions"][0]["latency_ms"]
    assert high / low > seen["high"] / seen["low"]
    assert kept() == before
    assert not (factories.parent / "__pycache__").exists()


def test_a_file_that_is_not_there_is_said_to_be_missing_before_its_code_is_said_to_run(advisor):
    done = advisor("check", "nofile.py:foo", *NANO, "--max-latency", "5ms")
    assert (done.returncode, done.stderr) == (1, "advisor: no Python file nofile.py\n")


def test_a_factory_of_a_registered_architecture_is_answered_like_that_one(factories, advisor):
    found = answer(advisor("check", f"{factories}:known", *NANO, "--max-latency", "5ms", "--format", "json"))
    named = answer(advisor("check", "torchvision/resnet18", *NANO, "--max-latency", "5ms", "--format", "json"))
    assert found["registered"] == "torchvision/resnet18"
    assert found["latency_ms"] == named["latency_ms"]


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        (":broken", "failed: ValueError: no such configuration (line 21)"),
        (":number", "gave int, not a torch.nn.Module"),
        (":absent", "has no 'absent'; its functions: known, own, broken, number"),
    ],
)
def test_a_factory_that_gives_no_module_is_exit_1_in_one_line(factory, said, factories, advisor):
    done = advisor("check", f"{factories}{factory}", *NANO, "--max-latency", "5ms")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2  # the notice that code runs, and the error


def test_a_python_file_without_its_factory_is_a_wrong_question(factories, advisor):
    done = advisor("check", str(factories), *NANO)
    assert done.returncode == 2
    assert f"Write {factories}:FUNCTION" in done.stderr


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a graph", b"\x08\x07\x12\x07pytorch"])
@pytest.mark.parametrize("command", ["check", "explain"])
def test_a_damaged_onnx_file_is_an_error_and_never_an_answer(command, content, tmp_path, advisor):
    pytest.importorskip("onnx")
    path = tmp_path / "damaged.onnx"
    path.write_bytes(content)
    done = advisor(command, str(path), *NANO)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "damaged.onnx" in done.stderr


def test_a_missing_file_is_exit_1_and_an_unknown_name_exit_2(tmp_path, advisor):
    assert "no ONNX file" in advisor("check", str(tmp_path / "absent.onnx"), *NANO).stderr
    assert advisor("check", str(tmp_path / "absent.onnx"), *NANO).returncode == 1
    done = advisor("check", "resnet5O", *NANO)
    assert (done.returncode, "did you mean" in done.stderr) == (2, True)


def test_the_help_says_that_a_factory_runs_code_and_a_graph_does_not(advisor):
    for command in ("check", "predict", "explain"):
        said = " ".join(advisor(command, "--help").stdout.split())
        assert "the code of FILE.py RUNS" in said
        assert "parsed, never executed" in said


def test_the_python_api_checks_too(shared_home, monkeypatch):
    monkeypatch.setenv("ADVISOR_HOME", str(shared_home))
    import advisor as api

    found = api.check("resnet50", device="jetson-orin-nano-8gb", max_latency="50ms")
    assert found.outcome == "fits"
    assert found.probability > 0.9
