"""The terminal interface, walked through with keys on the shipped data."""

from __future__ import annotations

import json
import re
import shlex
import time
from importlib.util import find_spec

import pytest
from textual.command import CommandList, CommandPalette
from tui_driving import answered, drive, faintest, models, see, table, text, until, write

from advisor.errors import StoreError
from advisor.tui.screens.advice import AdviceScreen
from advisor.tui.screens.start import StartScreen
from advisor.tui.screens.trouble import TroubleScreen
from advisor.tui.widgets.keys import Keys
from advisor.workflows import answering, exploring, remembering

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])


@SIZES
def test_the_guided_start_leads_to_the_pick_that_the_command_line_gives(size, home):
    async def walk(app, pilot):
        await see(pilot, "Which device", "Jetson Orin Nano 8GB")
        await write(pilot, "orin nano 8gb")
        await pilot.press("enter")
        await see(pilot, "What must it keep?")
        await write(pilot, "50ms")
        await pilot.press("enter", "enter", "enter", "enter", "enter")
        await see(pilot, "How do images arrive?")
        await pilot.press("enter")
        await see(pilot, "Which runtime and precision")
        await pilot.press("enter", "enter")
        await see(pilot, "Which libraries and licences")
        await pilot.press("enter", "enter")
        await answered(app, pilot)
        expected = answering.recommend(device="jetson-orin-nano-8gb", max_latency="50ms")
        assert models(app)[:5] == [pick.model for pick in expected.picks]
        best = expected.picks[0]
        shown = text(app)
        assert f"{best.top1:.1f}" in shown
        assert f"({best.latency_ms.low:.2f}-" in shown
        assert best.latency_ms.basis in shown
        assert "Why" in shown

    drive(walk, size=size)


def test_an_answer_that_leaves_nothing_is_said_at_once_with_what_would_help(home):
    async def walk(app, pilot):
        await see(pilot, "Which device", "orin")
        await pilot.press("f3")
        await see(pilot, "What must it keep?")
        await write(pilot, "1ms")
        await see(pilot, "Nothing meets all of this. What would help: a latency budget of")

    drive(walk, size=(80, 24))


def test_what_nothing_meets_is_relaxed_with_a_key(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("l", "ctrl+u")
        await write(pilot, "1ms")
        await see(pilot, "a latency budget of", "instead of 1.00 ms admits")
        await pilot.press("escape", "r")
        await answered(app, pilot)
        assert app.asked.max_latency != "1ms"
        assert "instead of" not in text(app)

    drive(walk, size=(80, 24))


def test_a_budget_is_stepped_with_the_arrow_keys_and_the_table_follows(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        before = models(app)
        await pilot.press("l", "down", "down", "down", "down")
        await until(pilot, lambda: app.asked.max_latency == "20ms" and models(app) != before)
        assert app.answer.budgets["max_latency_ms"] == 20

    drive(walk)


def of_the_footer(app) -> set[str]:
    """Its keys as the palette would name them: `description (key)`."""
    words = re.split(r"  |\n", app.screen.query_one(Keys).content.plain)
    return {f"{name} ({key})" for key, _, name in (word.partition(" ") for word in words)}


def of_the_palette(app) -> set[str]:
    """Its entries that name a key."""
    titles = (str(option.prompt).partition("\n")[0] for option in app.screen.query_one(CommandList).options)
    return {title for title in titles if title.endswith(")")}


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([], {"Model (⏎)", "latency (l)", "Questions (n)", "Quit (q)"}),
        (["l"], {"Submit (⏎)", "Clear (^u)", "Table (esc)"}),
        (["t"], {"Select (⏎)", "Back (esc)"}),
    ],
    ids=["table", "field", "list"],
)
def test_the_footer_and_the_command_palette_tell_of_the_same_keys(keys, told, asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: told <= of_the_footer(app))
        footer = of_the_footer(app)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette) and of_the_palette(app))
        assert of_the_palette(app) == footer

    drive(walk)


def test_a_command_of_the_palette_does_what_its_key_does(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("ctrl+p")
        await see(pilot, "Search for commands")
        await write(pilot, "runtime")
        await see(pilot, "Runtime (t)")
        await pilot.press("enter")
        await see(pilot, "Which runtime and precision are possible?")

    drive(walk)


def test_a_slow_worker_leaves_the_screen_alive(asked_before, monkeypatch):
    real, release = exploring.load, []

    def slow(asked, on_progress):
        while asked.batch_size == 8 and not release:
            time.sleep(0.01)
        return real(asked, on_progress)

    monkeypatch.setattr(exploring, "load", slow)

    async def walk(app, pilot):
        await answered(app, pilot)
        app.ask(batch_size=8)
        await see(pilot, "… reading what is known of the device")
        await pilot.press("l")
        assert app.focused.id == "max_latency"  # keys are served while the worker works
        release.append(True)
        await until(pilot, lambda: app.answer.batch_size == 8)

    drive(walk)


def test_a_worker_that_fails_unforeseen_is_said_and_the_screen_goes_on(asked_before, monkeypatch):
    async def walk(app, pilot):
        await answered(app, pilot)

        def broken(*_):
            raise ZeroDivisionError("no such luck")

        monkeypatch.setattr(exploring, "answer", broken)
        app.ask(max_latency="20ms")
        await see(pilot, "! internal error in 'rank': ZeroDivisionError: no such luck")
        await pilot.press("l")
        assert app.focused.id == "max_latency"

    drive(walk)


@SIZES
def test_a_broken_home_opens_with_an_explanation_and_recovers(size, home, monkeypatch):
    database = home / "advisor.db"
    whole = database.read_bytes()
    database.write_bytes(b"this is no database" * 100)

    async def walk(app, pilot):
        shown = await see(pilot, "cannot be used", "What to do")
        assert str(home)[:30] in shown
        assert isinstance(app.screen, TroubleScreen)
        database.write_bytes(whole)
        await pilot.press("r")
        await see(pilot, "best so far")

    drive(walk, size=size)


def test_a_damaged_session_is_said_and_ignored(home):
    (home / "session.json").write_text('{"version": 1, "asked": {"max_latency": "soon"}}')

    async def walk(app, pilot):
        await see(pilot, "damaged", "ignored", "'soon'")
        assert isinstance(app.screen, StartScreen)

    drive(walk)


def test_the_question_is_kept_in_the_home_and_asked_again(home):
    async def first(app, pilot):
        await see(pilot, "Which device", "Jetson Orin Nano 8GB")
        await write(pilot, "4090")
        await pilot.press("enter", "f2")
        await answered(app, pilot)

    async def second(app, pilot):
        await answered(app, pilot)
        assert app.answer.device == "rtx-4090"

    drive(first)
    assert json.loads((home / "session.json").read_text())["asked"]["device"] == "rtx-4090"
    drive(second)


def test_where_strangers_may_be_at_the_keys_nothing_is_written(home):
    async def walk(app, pilot):
        await see(pilot, "Which device", "Jetson Orin Nano 8GB")
        await pilot.press("f2")
        await answered(app, pilot)
        assert "Describe" not in text(app)

    drive(walk, safe=True)
    assert not (home / "session.json").exists()


def test_a_target_that_cannot_be_read_is_explained(asked_before, monkeypatch):
    async def walk(app, pilot):
        await answered(app, pilot)

        def gone(*_):
            raise StoreError("the disk is gone")

        monkeypatch.setattr(exploring, "load", gone)
        app.ask(batch_size=8)
        await see(pilot, "cannot be used", "the disk is gone")

    drive(walk)


def test_another_device_answers_for_that_device(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        before = table(app).pointed.latency_ms
        await pilot.press("d")
        await see(pilot, "Which device", "Jetson Orin Nano 8GB")
        await write(pilot, "4090")
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(app.screen, AdviceScreen) and app.answer.device == "rtx-4090" and models(app)
        )
        await see(pilot, "rtx-4090 ")
        assert table(app).pointed.latency_ms != before
        assert app.asked.max_latency == "50ms"

    drive(walk)


def test_a_batch_is_asked_for_where_images_arrive_in_batches(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("i")
        await see(pilot, "How do images arrive?")
        await pilot.press("down", "enter")
        await see(pilot, "N, e.g. 8")
        await write(pilot, "8")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen) and app.answer.batch_size == 8)

    drive(walk)


def test_a_stream_bounds_the_latency_of_one_image(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("i")
        await see(pilot, "How do images arrive?")
        await pilot.press("down", "down", "enter")
        await see(pilot, "N, e.g. 30fps")
        await write(pilot, "40fps")
        await pilot.press("enter")
        await until(pilot, lambda: app.answer.budgets["max_latency_ms"] == 25)

    drive(walk)


@SIZES
def test_the_point_that_is_picked_in_a_chart_is_the_row_of_the_table(size, asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("down", "down")
        third = table(app).pointed_key
        await pilot.press("g")
        await see(pilot, "on the front", table_name := third.split()[0])
        assert app.screen.query_one("#left").pointed.model == table_name
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))
        assert table(app).pointed_key == third
        await pilot.press("g")
        await see(pilot, "on the front", table_name)
        for _ in range(40):  # along the front until another pick of the table is met
            await pilot.press("right")
            point = app.screen.query_one("#left").pointed
            if f"{point.model} {point.weights} {point.resolution}" != third and point.role == "front":
                break
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))
        shown = " ".join(text(app).split())
        assert f"{point.model}.{point.weights} at {point.resolution} px" in shown

    drive(walk, size=size)


def test_a_click_in_a_chart_points_at_the_nearest_point_and_a_second_click_picks_it(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("g")
        await see(pilot, "on the front")
        plot = app.screen.query_one("#left")
        column, row = plot._drawing.at[7]
        await pilot.click(plot, offset=(column + 2, row + 1))  # within the border and padding
        await until(pilot, lambda: plot.cursor is not None and plot._drawing.at[plot.cursor] == (column, row))
        chosen = plot.pointed
        await pilot.click(plot, offset=(column + 2, row + 1))
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))
        await see(pilot, chosen.model)

    drive(walk)


@SIZES
def test_every_chart_names_its_axes_with_units_and_checks_the_lecture(size, asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("g")
        await see(pilot, "latency of the batch (ms), batch 1, tensorrt fp16", "top-1 accuracy (%)")
        await pilot.press("2")
        await see(pilot, "complexity of one image (GMACs)", "near 95 % top-5", "below 10 M parameters")
        await pilot.press("t")
        await see(pilot, "top-5 accuracy (%)")
        await pilot.press("3")
        await see(pilot, "throughput (images/s), batch 1, ≠ fp32", "titan-xp")
        await pilot.press("4")
        await see(pilot, "parameters (M)", "memory (MiB)", "R2")

    drive(walk, size=size)


@SIZES
def test_a_model_is_shown_with_layers_evidence_and_code(size, asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        name = table(app).pointed.model.partition("/")[2]
        await pilot.press("enter")
        await see(pilot, "Why")
        await pilot.press("tab", "pagedown")  # on a small screen the reasons fill it
        await see(pilot, "where time goes")
        await pilot.press("2")
        await see(pilot, "layers; one image" if find_spec("torch") else "tracing a model needs")
        await pilot.press("3")
        await see(pilot, "measurements of this architecture", "latency ms")
        await pilot.press("4")
        await see(pilot, "devices would run it", "jetson-orin-nano-8gb  ")
        await pilot.press("5")
        await see(pilot, f'timm.create_model("{name}.', "torch.onnx.export")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))

    drive(walk, size=size)


def test_marked_models_are_compared_side_by_side(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("space", "down", "space")
        names = models(app)[:2]
        await pilot.press("c")
        await see(pilot, "2 models on jetson-orin-nano-8gb", "chance to meet all budgets", *names)

    drive(walk)


def test_the_report_and_the_command_give_the_answer_of_the_screen(asked_before, tmp_path, advisor_at, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = {}

    async def walk(app, pilot):
        await answered(app, pilot)
        seen["models"] = models(app)
        await pilot.press("s")
        await see(pilot, "advisor recommend --device jetson-orin-nano-8gb --max-latency 50ms")
        seen["command"] = app.screen.command
        await pilot.press("f5")
        await see(pilot, "Written into", "advisor-jetson-orin-nano-8gb.html")

    drive(walk)
    done = advisor_at(*shlex.split(seen["command"])[1:], "--format", "json", home=asked_before)
    assert [pick["model"] for pick in json.loads(done.stdout)["picks"]] == seen["models"]
    report = (tmp_path / "advisor-jetson-orin-nano-8gb.md").read_text()
    page = (tmp_path / "advisor-jetson-orin-nano-8gb.html").read_text()
    for model in seen["models"]:
        assert model in report
        assert model in page
    assert seen["command"] in report
    assert "http" not in page.replace("http://www.w3.org", "")  # nothing is fetched


def test_measuring_says_what_is_wrong_with_its_question_and_can_be_left(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("x")
        await see(pilot, "Measure on this machine", "stop after")
        await pilot.press("ctrl+u")
        await write(pilot, "soon")
        await pilot.press("f5")
        await see(pilot, "! budget 'soon' is not" if find_spec("torch") else "needs the optional packages")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))

    drive(walk)


def test_a_device_is_described_from_its_data_sheet_and_answers(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("d")
        await see(pilot, "Which device", "Jetson Orin Nano 8GB")
        await write(pilot, "zzz")
        await pilot.press("enter")
        await see(pilot, "From a data sheet")
        await write(pilot, "Acme Board")
        await pilot.press("enter", "down", "enter")
        await write(pilot, "lots")
        await pilot.press("f5")
        await see(pilot, "! memory, GiB: 'lots' is not a number above 0")
        await pilot.press("ctrl+u", "8", "enter", *"102", "enter", "5", "enter", *"20", "f5")
        await until(pilot, lambda: app.answer and app.answer.device == "my-acme-board" and models(app))
        assert table(app).pointed.latency_ms.basis == "predicted"

    drive(walk)
    assert (asked_before / "profiles" / "my-acme-board.toml").exists()


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "solarized-light"])
def test_everything_can_be_read_in_light_and_dark_themes(theme, asked_before):
    async def walk(app, pilot):
        app.theme = theme
        await answered(app, pilot)
        read = [faintest(app)]
        await pilot.press("g")
        await see(pilot, "on the front")
        read.append(faintest(app))
        assert min(read)[0] > 3, read

    drive(walk)


def test_the_session_is_kept_as_it_was_when_the_interface_was_left(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("l", "up")
        await until(pilot, lambda: app.asked.max_latency == "60ms")
        app.theme = "nord"
        app.exit()

    drive(walk)
    session, damage = remembering.recall()
    assert not damage
    assert (session.asked.max_latency, session.theme) == ("60ms", "nord")


def test_the_device_that_is_named_whole_is_meant(home):
    async def walk(app, pilot):
        await until(pilot, lambda: app.devices)
        await write(pilot, "pi 5")
        await pilot.press("enter")
        await until(pilot, lambda: app.asked.device)
        assert app.asked.device == "raspberry-pi-5"

    drive(walk)


def test_the_cursor_stays_on_the_first_pick_while_budgets_move(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("l", *["down"] * 4)
        await until(pilot, lambda: app.asked.max_latency == "20ms" and "max_latency_ms" in app.answer.budgets)
        await pilot.press(*["up"] * 4)
        await until(pilot, lambda: app.answer.budgets["max_latency_ms"] == 50.0 and models(app))
        assert table(app).cursor == 0

    drive(walk)


def test_a_point_that_is_no_pick_becomes_a_further_row(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        key = next(
            f"{row.model} {row.tag} {row.resolution}"
            for row in app.loaded.grounds.rows
            if f"{row.model} {row.tag} {row.resolution}" not in table(app)._picks
        )
        app.screen._picked(key)
        await see(pilot, "Picked in a chart:")
        assert table(app).pointed_key == key
        await pilot.press("space")
        assert table(app).marked == [key]

    drive(walk)


def test_a_question_that_is_asked_again_can_be_left_as_it_was(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        before = app.asked
        await pilot.press("t")
        await see(pilot, "Which runtime and precision are possible?", "⏎ Select")
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.asked.runtime)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen) and app.asked == before and models(app))

    drive(walk)
