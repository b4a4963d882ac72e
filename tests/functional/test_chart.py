"""advisor chart as a user meets it: summaries, points, and pictures that other programs can read."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from advisor.cli.app import cli
from advisor.errors import DataError
from advisor.store import open_store
from advisor.workflows import charting, charting_memory, drawing

SVG = "{http://www.w3.org/2000/svg}"
ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "charts.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^advisor (chart .+) --out (docs/\S+)$", DOCUMENT, re.M)
KINDS = {
    "accuracy-complexity": (),
    "accuracy-speed": ("--device", "jetson-nano", "--against", "jetson-agx-xavier-32gb"),
    "memory-complexity": ("--device", "jetson-tx1"),
    "pareto": ("--device", "jetson-nano", "--max-latency", "30ms"),
}


@pytest.fixture(scope="module")
def pictures(shared_home, tmp_path_factory):
    """Every chart as SVG, PNG and HTML, drawn once: (kind, suffix) -> file; and the charts themselves by kind."""
    pytest.importorskip("matplotlib", reason="extra 'charts' is not installed")
    folder = tmp_path_factory.mktemp("pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADVISOR_HOME", str(shared_home))
        charts = {
            "accuracy-complexity": charting.accuracy_complexity(),
            "accuracy-speed": charting.accuracy_speed(device="jetson-nano", against="jetson-agx-xavier-32gb"),
            "memory-complexity": charting_memory.memory_complexity(device="jetson-tx1"),
            "pareto": charting.pareto(device="jetson-nano", max_latency="30ms"),
        }
    for kind, chart in charts.items():
        for suffix in drawing.SUFFIXES:
            drawing.save_chart(chart, folder / f"{kind}{suffix}")
    return folder, charts


@pytest.fixture
def picture(pictures):
    """The file of a chart in a format."""
    return lambda kind, suffix: pictures[0] / f"{kind}{suffix}"


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own picture


@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_prints_a_summary_with_units_and_notes(advisor, kind):
    done = advisor("chart", kind, *KINDS[kind])
    assert done.returncode == 0, done.stderr
    assert "Notes:" in done.stdout
    assert re.search(r"GMACs|images/s|MiB|latency ms", done.stdout)


@pytest.mark.parametrize("kind", KINDS)
def test_the_points_are_the_same_as_json_and_as_csv(advisor, kind):
    found = json.loads(advisor("chart", kind, *KINDS[kind], "--format", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(advisor("chart", kind, *KINDS[kind], "--format", "csv").stdout)))
    assert found["kind"] == kind
    points = [(panel["title"], point) for panel in found["panels"] for point in panel["points"]]
    assert len(rows) == len(points) > 0
    for row, (title, point) in zip(rows, points, strict=True):
        assert (row["panel"], row["model"]) == (title, point["model"])
        assert (float(row["x"]), float(row["y"])) == (point["x"], point["y"])
    for panel in found["panels"]:
        assert panel["x"]["unit"] in panel["x"]["title"]
        assert panel["y"]["unit"] in panel["y"]["title"]


def test_the_summary_names_the_front_in_order(advisor):
    done = advisor("chart", "pareto", *KINDS["pareto"], "--format", "markdown")
    lines = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| timm/")]
    accuracies = [float(line[3]) for line in lines]
    latencies = [float(line[4].split("(")[0]) for line in lines]
    assert len(lines) > 5
    assert accuracies == sorted(accuracies)
    assert latencies == sorted(latencies)


@pytest.mark.parametrize("kind", KINDS)
def test_an_svg_is_valid_accessible_and_needs_nothing_from_elsewhere(picture, kind):
    text = picture(kind, ".svg").read_text(encoding="utf-8")
    root = parsed(text)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text
    assert len(root.find(f"{SVG}desc").text) > 40
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert "<script" not in text
    assert re.findall(r"""(?:href|src)=["'](?!#)""", text) == []
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text
    assert len(text.encode()) < 200_000


def test_every_axis_title_and_label_is_text_inside_the_picture(picture):
    root = parsed(picture("accuracy-speed", ".svg").read_text(encoding="utf-8"))
    words = " ".join(t for text in root.iter(f"{SVG}text") for t in text.itertext())
    for expected in ("throughput (images/s), batch 1, fp16, tensorrt, MAXN", "accuracy (%)", "measured", "resnet50"):
        assert expected in words


def test_measured_and_calibrated_points_differ_by_shape(picture):
    root = parsed(picture("accuracy-speed", ".svg").read_text(encoding="utf-8"))
    shapes = {path.get("d") for path in root.iter(f"{SVG}path") if path.get("id")}
    assert sum("C" in shape for shape in shapes) >= 1  # circles
    assert sum("C" not in shape and shape.count("L") == 2 for shape in shapes) >= 1  # triangles


@pytest.mark.parametrize("kind", KINDS)
def test_a_png_is_whole(picture, kind):
    data = picture(kind, ".png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, seen = 8, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunk = data[at + 4 : at + 8 + length]
        assert zlib.crc32(chunk) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        seen.append(chunk[:4])
        at += 12 + length
    assert (seen[0], seen[-1]) == (b"IHDR", b"IEND")
    assert struct.unpack(">I", data[16:20])[0] > 1200


class Page(HTMLParser):
    """Remembers elements and what they load."""

    def __init__(self):
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")]


@pytest.mark.parametrize("kind", KINDS)
def test_an_html_page_holds_everything_itself_and_says_every_point(picture, pictures, kind):
    text = picture(kind, ".html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.loads == []
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]+"', "", text.replace("http-equiv", ""))
    assert {"svg", "table", "title"} <= set(page.tags)
    points = [point for panel in pictures[1][kind].panels for point in panel.points]
    assert len(re.findall(r"<title>[^<]+ px: ", text)) == len(points)


def test_an_inline_picture_keeps_its_ids_to_itself(pictures):
    chart = pictures[1]["memory-complexity"]
    one, other = drawing.inline_svg(chart, "one"), drawing.inline_svg(chart, "other")
    assert one.startswith("<svg")
    assert not set(re.findall(r' id="([^"]+)"', one)) & set(re.findall(r' id="([^"]+)"', other))
    assert drawing.inline_svg(chart, "one") == one


def test_an_unknown_suffix_is_a_usage_error_that_lists_what_exists(advisor, tmp_path):
    done = advisor("chart", "pareto", "--device", "jetson-nano", "--out", str(tmp_path / "front.pdf"))
    assert done.returncode == 2
    assert ".svg, .png, .html" in done.stderr
    assert list(tmp_path.glob("front*")) == []


def test_a_folder_that_does_not_exist_is_one_line(advisor, tmp_path):
    pytest.importorskip("matplotlib", reason="extra 'charts' is not installed")
    done = advisor("chart", "accuracy-complexity", "--out", str(tmp_path / "none" / "a.svg"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot write" in done.stderr


def test_a_failed_write_leaves_nothing_behind(pictures, tmp_path):
    (tmp_path / "a.svg").mkdir()
    with pytest.raises(DataError, match="cannot write"):
        drawing.save_chart(pictures[1]["memory-complexity"], tmp_path / "a.svg")
    assert [path.name for path in tmp_path.rglob("*.part")] == []


def test_without_matplotlib_the_extra_is_named_and_the_summary_still_works(shared_home, tmp_path):
    def run(*arguments):
        code = "import sys; sys.modules['matplotlib'] = None; from advisor.cli.app import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False,
            env={"ADVISOR_HOME": str(shared_home), "PATH": ""},
        )  # fmt: skip

    done = run("chart", "accuracy-complexity", "--out", str(tmp_path / "a.svg"))
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "advisor: drawing a chart needs the optional packages of extra 'charts': pip install 'arch-advisor[charts]'"
    )
    assert "Claims of the lecture" in run("chart", "accuracy-complexity").stdout


def test_a_picture_prints_nothing_unless_the_points_are_asked_for_too(advisor, tmp_path):
    pytest.importorskip("matplotlib", reason="extra 'charts' is not installed")
    path = tmp_path / "a.svg"
    asked = ("chart", "memory-complexity", *KINDS["memory-complexity"], "--out", str(path))
    done = advisor(*asked)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"wrote {path}" in done.stderr
    first = path.read_bytes()
    assert json.loads(advisor(*asked, "--format", "json").stdout)["kind"] == "memory-complexity"
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("a.")] == ["a.svg"]


def test_budgets_that_nothing_meets_are_exit_3_and_the_chart_is_still_drawn(advisor):
    done = advisor("chart", "pareto", "--device", "jetson-nano", "--max-latency", "0.01ms")
    assert done.returncode == 3
    assert "nothing meets them at 90%: 'advisor recommend' says what comes closest" in " ".join(done.stdout.split())


def test_a_device_where_nothing_is_known_of_latency_is_exit_4(advisor):
    done = advisor("chart", "pareto", "--device", "raspberry-pi-4b", "--runtime", "onnxruntime")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ("accuracy-speed", "--batch-size", "8", "--against-batch-size", "1"),
        ("accuracy-speed", "--device2", "jetson-nano", "--against-runtime", "pytorch-eager", "--against-precision", "fp16"),
        ("accuracy-speed", "--against", "jetson-agx-orin-64gb", "--against-power-mode", "MAXN", "--library", "torchvision"),
        ("accuracy-complexity", "--accuracy", "top-5", "--resolution", "224", "--license", "permissive"),
        ("memory-complexity", "--runtime", "caffe", "--precision", "fp32", "--batch-size", "8", "--all"),
        ("pareto", "--device", "rtx-4090", "--min-throughput", "500fps", "--max-memory", "2GB", "--min-accuracy", "75%",
         "--max-params", "50M", "--confidence", "0.8", "--batch-size", "8"),
    ],
    ids=lambda options: " ".join(options[:3]),
)  # fmt: skip
def test_every_option_is_taken(advisor, options):
    done = advisor("chart", *options)
    assert done.returncode == 0, done.stderr


def test_unequal_batches_are_marked(advisor):
    found = json.loads(advisor("chart", "accuracy-speed", "--against-batch-size", "8", "--format", "json").stdout)
    assert "≠ batch 1" in found["panels"][0]["x"]["title"]
    assert "≠ batch 8" in found["panels"][1]["x"]["title"]


def test_a_filter_that_leaves_nothing_says_what_there_is(advisor):
    done = advisor("chart", "accuracy-complexity", "--resolution", "17")
    assert done.returncode == 2
    assert "resolutions with accuracy" in done.stderr


@pytest.mark.parametrize(("command", "path"), COMMANDS, ids=[path for _, path in COMMANDS])
def test_the_commands_of_the_document_answer_and_their_pictures_are_there(advisor, command, path):
    assert f"({path.removeprefix('docs/')})" in DOCUMENT
    text = (ROOT / path).read_text(encoding="utf-8")
    assert parsed(text).tag == f"{SVG}svg"
    assert len(text.encode()) < 200_000
    assert advisor(*command.split()).returncode == 0


def test_the_document_shows_every_chart():
    assert {command.split()[1] for command, _ in COMMANDS} == set(KINDS)


def test_the_document_says_of_the_claims_what_the_catalogue_says_today(advisor):
    found = json.loads(advisor("chart", "accuracy-complexity", "--accuracy", "top-5", "--format", "json").stdout)
    missing = [claim["found"] for claim in found["claims"] if claim["found"] not in DOCUMENT]
    assert missing == [], "put these sentences into docs/charts.md and draw its pictures again"


def test_every_option_of_every_chart_is_in_the_document():
    group = cli.get_command(click.Context(cli), "chart")
    options = {opt for one in group.commands.values() for parameter in one.params for opt in parameter.opts}
    assert {opt for opt in options if opt.startswith("--")} - set(re.findall(r"--[a-z][a-z0-9-]+", DOCUMENT)) == set()


def test_complexity_of_a_device_is_of_the_networks_that_were_measured_there(advisor, shared_home):
    def points(*asked: str) -> set[str]:
        found = json.loads(advisor("chart", "accuracy-complexity", *asked, "--format", "json").stdout)
        return {point["model"] for point in found["panels"][0]["points"]}

    with open_store(str(shared_home / "advisor.db")) as store:
        timed = {m.signature for m in store.measurements("jetson-nano")}
        known = {row.model for row in store.rated() if row.signature in timed}
    here = points("--device", "jetson-nano")
    assert here
    assert here <= known
    assert here < points()
    none = advisor("chart", "accuracy-complexity", "--device", "jetson-thor-t5000")
    assert none.returncode == 4
    assert "was measured on jetson-thor-t5000" in none.stderr
