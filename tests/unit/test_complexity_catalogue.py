"""The shipped catalogue against what the libraries publish, and the command that makes it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from advisor.complexity import shipped_layers, tables
from advisor.complexity.shipped import layers_path
from advisor.errors import DataError
from advisor.locations import shipped
from advisor.records import OP_CLASSES

CATALOGUE = shipped("benchmarks_db") / "catalogue"
DOCS = Path(__file__).parents[2] / "docs" / "complexity.md"


def read(name: str, folder: Path = CATALOGUE) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def models():
    return {row["name"]: row for row in read("models.csv")}


@pytest.fixture(scope="module")
def complexity():
    return {(row["signature"], int(row["resolution"])): row for row in read("complexity.csv")}


@pytest.fixture(scope="module")
def weights():
    return read("weights.csv")


def test_the_catalogue_is_as_large_as_it_says(models, complexity, weights):
    assert len([n for n in models if n.startswith("torchvision/")]) >= 80
    assert len({m["signature"] for m in models.values()}) >= 1350
    assert len(complexity) >= 1700
    assert len(weights) >= 1300


def test_every_model_has_its_complexity_at_its_default_resolution(models, complexity):
    missing = [n for n, m in models.items() if (m["signature"], int(m["default_resolution"])) not in complexity]
    assert missing == []


def test_every_architecture_with_complexity_has_a_name(models, complexity):
    assert {signature for signature, _ in complexity} <= {m["signature"] for m in models.values()}


def test_every_accuracy_can_be_priced_at_its_resolution(models, complexity, weights):
    lost = [
        (w["model"], w["resolution"])
        for w in weights
        if (models[w["model"]]["signature"], int(w["resolution"])) not in complexity
    ]
    assert lost == []


def test_weights_are_unique_and_plausible(weights):
    keys = [(w["model"], w["tag"], w["resolution"]) for w in weights]
    assert len(set(keys)) == len(keys)
    assert all(0 < float(w["top1"]) <= float(w["top5"]) <= 100 for w in weights)
    assert all(w["license"] for w in weights)


def test_aliases_lead_to_models_and_hide_none(models):
    aliases = {row["alias"]: row["name"] for row in read("aliases.csv")}
    assert set(aliases.values()) <= set(models)
    assert not set(aliases) & set(models)
    assert aliases["timm/gluon_resnet50_v1b"] == "timm/resnet50"


def test_what_was_dropped_has_a_reason(models):
    dropped = read("dropped.csv")
    assert all(row["reason"] for row in dropped)
    assert not {row["name"] for row in dropped} & set(models)


def test_totals_are_the_sums_of_their_classes(complexity):
    for key, row in complexity.items():
        classes = json.loads(row["classes"])
        assert set(classes) <= set(OP_CLASSES)
        assert sum(c[0] for c in classes.values()) == int(row["n_ops"]), key
        fixed = json.loads(row["extras"]).get("fixed_macs", 0)
        assert sum(c[1] for c in classes.values()) + fixed == pytest.approx(int(row["macs"]), abs=len(classes)), key
        assert int(row["weight_bytes"]) >= 4 * int(row["params"]), key
        assert int(row["n_kernels"]) <= int(row["n_ops"]), key
        assert int(row["depth"]) <= int(row["n_ops"]), key
        assert int(row["peak_live_bytes_b1"]) < int(row["peak_live_bytes_b8"]), key


def test_uncounted_operators_are_explained(complexity):
    named = {op for row in complexity.values() for op in json.loads(row["uncounted"])}
    explained = set(re.findall(r"`([^`]+)`", DOCS.read_text(encoding="utf-8")))
    assert named <= explained


def test_published_parameters_and_gflops_of_every_torchvision_classifier(models, complexity):
    """num_params exactly, `_ops` (multiply-accumulates in 1e9, printed to three decimals) within 1 %."""
    pytest.importorskip("torchvision")
    from advisor import zoo

    checked = 0
    for name in zoo.list_models("torchvision"):
        for resolution, (params, gmacs) in zoo.published(name).items():
            row = complexity[models[name]["signature"], resolution]
            assert int(row["params"]) == params, (name, resolution)
            assert int(row["macs"]) / 1e9 == pytest.approx(gmacs, rel=0.01, abs=0.0005), (name, resolution)
            checked += 1
    assert checked >= 85


def test_twins_of_the_two_libraries_are_one_architecture(models):
    for ours, theirs in [
        ("resnet50", "resnet50"),
        ("efficientnet_b0", "efficientnet_b0"),
        ("vit_b_16", "vit_base_patch16_224"),
    ]:
        assert models[f"torchvision/{ours}"]["signature"] == models[f"timm/{theirs}"]["signature"]


def test_shipped_layers_add_up_to_the_totals(models, complexity):
    for name in (n for n in models if n.startswith("torchvision/")):
        layers = shipped_layers(name)
        row = complexity[models[name]["signature"], int(models[name]["default_resolution"])]
        assert sum(layer.macs for layer in layers) == int(row["macs"]), name
        assert len(layers) == int(row["n_ops"]), name
        assert sum(layer.params for layer in layers) <= int(row["params"]), name


def test_a_model_without_a_shipped_table_is_not_an_error():
    assert shipped_layers("timm/no_such_model") is None


def test_the_shipped_tables_stay_small():
    files = list((CATALOGUE / "layers").rglob("*.csv"))
    assert sum(f.stat().st_size for f in files) < 6_000_000


# --- the command ---------------------------------------------------------------------------------------------------

ACCURACY = "model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation\n"
BENCHMARK = "model,infer_img_size,infer_batch_size,infer_samples_per_sec,infer_step_time,param_count\n"


@pytest.fixture
def timm_tables(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    rows = "resnet18.a1_in1k,224,71.5,28.5,90.1,9.9,11.69,0.95,bilinear\n"
    rows += (
        "resnet18.a1_in1k,288,73.2,26.8,91.0,9.0,11.69,1.0,bilinear\ntest_vit.r160_in1k,160,40,60,60,40,0.4,1,bicubic\n"
    )
    for name in tables.ACCURACY.values():
        (folder / name).write_text(ACCURACY + rows)
    (folder / "results-sketch.csv").write_text(ACCURACY + rows.splitlines(keepends=True)[0].replace("71.5", "30.5"))
    (folder / "benchmark-infer-fp32-nchw-pt240-cpu-some.csv").write_text(BENCHMARK + "resnet18,160,1.0,9,1,11.69\n")
    return folder


def test_named_models_and_their_resolutions(timm_tables):
    assert tables.named(timm_tables) == {"resnet18": {160: 1, 224: 1, 288: 1}}


def test_accuracies_are_joined_at_the_same_resolution(timm_tables):
    table = tables.accuracies(timm_tables)
    assert table["resnet18.a1_in1k", 224]["sketch_top1"] == 30.5
    assert "sketch_top1" not in table["resnet18.a1_in1k", 288]


def test_further_resolutions_come_from_a_table_of_their_own(tmp_path):
    (tmp_path / "sizes.csv").write_text("model,resolution,reason\ntimm/resnet18,227,why\ntimm/resnet18,256,\n")
    assert tables.further_sizes(tmp_path / "sizes.csv") == {"timm/resnet18": {227, 256}}


def test_a_folder_without_tables_is_refused(tmp_path):
    (tmp_path / "results-imagenet.csv").write_text(ACCURACY)
    with pytest.raises(DataError, match="no benchmark"):
        tables.named(tmp_path)


@pytest.fixture
def command(monkeypatch, timm_tables, tmp_path):
    """The command over two models, with its folders."""
    for module in ("torch", "timm", "torchvision"):
        pytest.importorskip(module)
    from advisor import zoo
    from advisor.complexity import catalogue

    listed = {"torchvision": ("torchvision/resnet18",), "timm": ("timm/resnet18",)}
    monkeypatch.setattr(zoo, "list_models", lambda library: listed[library])
    monkeypatch.setattr(zoo, "aliases", lambda: {"timm/gluon_resnet18_v1b": "timm/resnet18.gluon_in1k"})
    work, out = tmp_path / "work", tmp_path / "out"
    arguments = ["--data", str(timm_tables), "--out", str(out), "--work", str(work), "--jobs", "0"]
    return lambda: catalogue.main(arguments), work, out


def test_the_command_traces_writes_and_goes_on_where_it_stopped(command, capsys):
    run, work, out = command
    assert run() == 0
    assert "2 models, 2 to trace" in capsys.readouterr().err
    first = {p.name: p.read_bytes() for p in out.glob("*.csv")}
    assert {int(row["resolution"]) for row in read("complexity.csv", out)} == {160, 224, 288}
    assert len(read("weights.csv", out)) == 3  # torchvision's and timm's two resolutions
    assert layers_path("torchvision/resnet18", out).is_file()
    (work / "timm__resnet18.json").unlink()
    assert run() == 0
    assert "2 models, 1 to trace" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in out.glob("*.csv")} == first


def test_a_model_that_cannot_be_traced_is_a_result_with_its_reason(command, monkeypatch):
    run, work, out = command
    from advisor import zoo

    def refuse(name, resolution=None):
        raise RuntimeError("no such block\nat line 7")

    monkeypatch.setattr(zoo, "build", refuse)
    assert run() == 0
    assert json.loads((work / "timm__resnet18.json").read_text())["rows"] == []
    assert "cannot be traced: no such block" in (out / "dropped.csv").read_text()
