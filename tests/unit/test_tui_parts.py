"""The parts of the interface that need no screen: stepped budgets, questions as they are typed, plots in cells, layouts, snippets."""

from __future__ import annotations

import json

import pytest

from advisor.errors import DataError, UsageError
from advisor.recommend.charts import Axis, Bound, Panel, Point
from advisor.render.snippets import exporting, loading
from advisor.tui.plotting import Mark, draw, nearest, scale_of, towards
from advisor.tui.screens.measure import verdict
from advisor.tui.stepping import SCALES, stepped
from advisor.tui.widgets.picks import Column, laid_out
from advisor.workflows import remembering
from advisor.workflows.children import Done
from advisor.workflows.questioning import Asked, from_plain

MARK = Mark("o", "point", "any")


@pytest.mark.parametrize(
    ("name", "text", "up", "down"),
    [
        ("max_latency", "50ms", "60ms", "40ms"),
        ("max_latency", "47.3ms", "50ms", "40ms"),
        ("max_latency", "1ms", "1.2ms", "0.8ms"),
        ("min_throughput", "30fps", "40fps", "25fps"),
        ("max_memory", "1GiB", "1.5GiB", "768MiB"),
        ("min_accuracy", "75%", "75.5%", "74.5%"),
        ("max_params", "30M", "40M", "25M"),
        ("max_power", "15W", "20W", "12W"),
        ("confidence", "90%", "95%", "85%"),
        ("confidence", "99%", "99%", "98%"),
    ],
)
def test_a_step_goes_to_the_next_rounder_value(name, text, up, down):
    assert stepped(name, text, True) == up
    assert stepped(name, text, False) == down


@pytest.mark.parametrize("name", sorted(SCALES))
def test_the_first_step_sets_a_start_that_can_be_read(name):
    assert SCALES[name].parse(stepped(name, "", True)) > 0


def test_a_text_that_is_no_quantity_is_not_stepped():
    with pytest.raises(UsageError, match="accepted: 50ms"):
        stepped("max_latency", "soon", True)


def test_a_question_survives_being_kept(tmp_path):
    asked = Asked(device="rtx-4090", max_latency="5ms", batch_size=8, everything=True)
    remembering.remember(remembering.Session(asked, "textual-light"))
    assert remembering.recall() == (remembering.Session(asked, "textual-light"), "")


@pytest.mark.parametrize(
    "plain",
    [[], {"colour": "red"}, {"max_latency": "soon"}, {"batch_size": 0}, {"batch_size": "8"}, {"confidence": "2"}, {"objective": "luck"}],
    ids=["no object", "unknown", "no quantity", "no batch", "text", "no chance", "no objective"],
)  # fmt: skip
def test_what_is_no_question_is_refused(plain):
    with pytest.raises(DataError):
        from_plain(plain)


@pytest.mark.parametrize(
    "content", ["", "{", '{"version": 99}', "\x00\x01", json.dumps({"version": 1, "asked": {"device": 7}})]
)
def test_a_damaged_session_is_an_empty_one_with_a_sentence(empty_home, content):
    empty_home.mkdir()
    (empty_home / "session.json").write_text(content)
    session, said = remembering.recall()
    assert session == remembering.Session()
    assert "damaged and ignored" in said


def test_a_home_that_is_a_file_has_no_session_and_none_that_is_damaged(empty_home):
    empty_home.write_text("no folder")
    assert remembering.recall() == (remembering.Session(), "")


def test_the_command_asks_only_what_differs_from_the_defaults():
    assert Asked(device="rtx-4090", max_latency="5ms", everything=True).command(7) == (
        "advisor recommend --device rtx-4090 --max-latency 5ms --all --top 7"
    )


def panel(points, log=False, bounds=()) -> Panel:
    x, y = Axis("latency", "ms", log=log), Axis("accuracy", "%")
    made = tuple(Point(f"timm/m{n}", "", 224, "", px, py, 1.0, "measured") for n, (px, py) in enumerate(points))
    return Panel("", x, y, made, bounds=bounds)


def shown(drawing) -> list[str]:
    return ["".join(glyph for glyph, _ in row) for row in drawing.rows]


def test_every_point_is_drawn_where_the_drawing_says_it_is():
    drawing = draw(panel([(1, 60), (10, 70), (100, 80)], log=True), 60, 20, lambda _: MARK, [MARK])
    assert [drawing.rows[row][column][0] for column, row in drawing.at] == ["o", "o", "o"]
    columns, rows = zip(*drawing.at, strict=True)
    assert columns[1] - columns[0] == pytest.approx(columns[2] - columns[1], abs=1)  # decades are equally wide
    assert rows[0] > rows[1] > rows[2]


def test_axes_carry_their_units_and_round_numbers():
    text = "\n".join(shown(draw(panel([(1, 60), (100, 80)], log=True), 60, 20, lambda _: MARK, [MARK])))
    assert "latency (ms)" in text
    assert "accuracy (%)" in text
    assert {"1", "10", "100", "70"} <= set(text.split())


def test_a_budget_is_a_line_across_the_plot_and_outside_of_it_none():
    inside, outside = Bound("x", None, 10, "at most 10"), Bound("x", None, 1e6, "at most a million")
    assert "┆" in "".join(shown(draw(panel([(1, 1), (100, 2)], bounds=(inside,)), 60, 20, lambda _: MARK, [MARK])))
    assert "┆" not in "".join(shown(draw(panel([(1, 1), (100, 2)], bounds=(outside,)), 60, 20, lambda _: MARK, [MARK])))


def test_one_point_alone_has_a_scale():
    scale = scale_of([5.0], False)
    assert scale.low < 5 < scale.high


def test_arrow_keys_reach_the_next_point_in_their_direction_and_stop_at_the_end():
    at = [(0, 10), (5, 10), (9, 10), (5, 2)]
    assert towards(at, 0, 1, 0) == 1
    assert towards(at, 1, 1, 0) == 2
    assert towards(at, 2, 1, 0) == 2
    assert towards(at, 1, 0, -1) == 3
    assert nearest(at, (6, 9)) == 1
    assert nearest(at, (60, 60), reach=6) is None


def test_columns_that_matter_least_are_left_out_first_and_names_are_cut_last():
    columns = [Column("name", str, least=4), Column("figure#", str), Column("extra", str, 1), Column("more", str, 2)]
    cells = [["name", "a-long-name"], ["figure", "12.5"], ["extra", "abc"], ["more", "def"]]
    assert laid_out(columns, cells, 100)[0] == [0, 1, 2, 3]
    assert laid_out(columns, cells, 26)[0] == [0, 1, 2]
    assert laid_out(columns, cells, 19) == ([0, 1], [11, 6])
    assert laid_out(columns, cells, 14) == ([0, 1], [6, 6])


@pytest.mark.parametrize(
    ("model", "weights", "call"),
    [
        (
            "timm/hgnetv2_b6",
            "ssld_stage2_ft_in1k",
            'timm.create_model("hgnetv2_b6.ssld_stage2_ft_in1k", pretrained=True)',
        ),
        ("timm/repvit_m2_3+reparam", "dist_450e_in1k", "timm.utils.reparameterize_model(model)"),
        ("torchvision/resnet50", "IMAGENET1K_V2", 'get_model_weights("resnet50")["IMAGENET1K_V2"]'),
    ],
)
def test_the_snippet_is_python_and_loads_the_named_weights(model, weights, call):
    code = f"{loading(model, weights, 288)}\n{exporting(model, 288, 8, 'fp16')}"
    compile(code, model, "exec")
    assert call in code
    assert "torch.randn(8, 3, 288, 288)" in code
    assert "+reparam" not in code


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (Done(0, "a table", ()), "Measured"),
        (Done(130, "", ()), "--resume"),
        (Done(1, "a table\nstopped: more than half were rejected\n", ("preparing",)), "! stopped: more than half"),
        (Done(1, "", ("advisor: no torch here",)), "! it ended with code 1: no torch here"),
        (Done(1, "", ()), "! it ended with code 1"),
    ],
)
def test_how_a_measurement_ended_is_said_with_its_reason(done, words):
    assert words in verdict(done)
