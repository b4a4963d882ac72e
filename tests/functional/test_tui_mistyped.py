"""What is typed wrong in the interface: it is said, the questions do not go on from it, and once mended nothing is left of it."""

from __future__ import annotations

import pytest

pytest.importorskip("textual")
from textual.widgets import Input
from tui_driving import answered, drive, models, see, text, until, write

from advisor.tui.screens.advice import AdviceScreen
from advisor.tui.screens.single import SingleScreen


async def at_the_needs(app, pilot) -> None:
    """The guided start, in the first field of the second question, with an answer for the device."""
    await until(pilot, lambda: app.answer)
    await pilot.press("enter")
    await see(pilot, "question 2 of 5")
    await until(pilot, lambda: app.focused.id == "max_latency" and app.status.kind == "ready")


async def at_the_images(app, pilot) -> None:
    """The guided start, in the third question, with batches chosen and no number typed."""
    await at_the_needs(app, pilot)
    await pilot.press("f3")
    await see(pilot, "question 3 of 5")
    await pilot.press("down", "enter")
    await until(pilot, lambda: app.focused.id == "count")


def test_a_text_that_is_no_quantity_keeps_the_answer_and_says_what_is_accepted(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        before = models(app)
        await pilot.press("l", "ctrl+u")
        await write(pilot, "45 parsecs")
        await see(pilot, "! latency '45 parsecs' has unit 'parsecs'; accepted: 50ms")
        assert models(app) == before or app.asked.max_latency == ""

    drive(walk)


def test_clearing_a_stepped_budget_leaves_nothing_and_a_mended_text_no_complaint(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("l", *["up"] * 4, "ctrl+u")
        assert app.focused.value == ""
        await until(pilot, lambda: "max_latency_ms" not in app.answer.budgets and app.status.kind == "ready")
        await write(pilot, "zz")
        await see(pilot, "! latency 'zz'")
        await pilot.press("ctrl+u")  # asks what was asked: no answer comes that would take the complaint away
        await until(pilot, lambda: "! " not in text(app))
        await write(pilot, "50ms")
        await until(pilot, lambda: app.answer.budgets.get("max_latency_ms") == 50)
        assert app.status.kind == "ready"

    drive(walk)


@pytest.mark.parametrize("keys", [("x", "backspace"), ("space",)], ids=["mended", "never wrong"])
def test_why_there_is_no_answer_stays_on_the_screen_whatever_is_typed_and_mended(keys, asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        app.ask(runtime="abacus")
        reason = "! " + (await until_refused(app, pilot))
        await pilot.press("l", keys[0])
        if len(keys) > 1:
            await see(pilot, "! latency '50msx'")
        await pilot.press(*keys[1:])
        await see(pilot, reason[:60])
        assert app.answer is None

    drive(walk)


async def until_refused(app, pilot) -> str:
    """The reason why there is no answer."""
    await until(pilot, lambda: app.status.kind == "error" and app.answer is None)
    return app.status.text


def test_the_complaint_about_one_field_is_not_taken_back_by_another(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("l", "x")
        await see(pilot, "! latency '50msx'")
        await pilot.press("escape", "m", "space")
        await pilot.pause()
        assert "! latency '50msx'" in text(app)

    drive(walk)


def test_the_questions_do_not_go_on_from_a_text_that_is_no_quantity(home):
    async def walk(app, pilot):
        await at_the_needs(app, pilot)
        await write(pilot, "abc")
        await pilot.press("f2")
        shown = await see(pilot, "question 2 of 5", "! latency 'abc'")
        assert "Why" not in shown
        await pilot.press("ctrl+u")
        await write(pilot, "50ms")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))

    drive(walk)


def test_enter_in_the_last_field_does_not_go_on_from_a_wrong_text_in_the_first(home):
    async def walk(app, pilot):
        await at_the_needs(app, pilot)
        await write(pilot, "abc")
        await pilot.press("tab", "tab", "tab", "enter", "enter")
        await see(pilot, "question 2 of 5", "! latency 'abc'")
        assert app.focused.id == "max_latency"

    drive(walk)


def test_a_question_that_was_left_with_a_wrong_text_comes_forward_as_it_was_asked(home):
    async def walk(app, pilot):
        await at_the_needs(app, pilot)
        await write(pilot, "abc")
        await see(pilot, "! latency 'abc'")
        await pilot.press("escape")
        await see(pilot, "question 1 of 5")
        assert "! " not in text(app)
        await pilot.press("enter")
        await see(pilot, "question 2 of 5")
        latency = app.screen.query_one("#max_latency", Input)
        assert (latency.value, latency.has_class("-wrong")) == ("", False)
        await pilot.press("f2")  # once is enough
        await pilot.pause()
        assert isinstance(app.screen, AdviceScreen)

    drive(walk)


def test_what_was_typed_or_mended_a_moment_ago_decides_whether_a_question_goes_on(home):
    async def walk(app, pilot):
        await at_the_needs(app, pilot)
        question, latency = app.screen._now, app.screen.query_one("#max_latency", Input)
        latency.value = "abc"  # nothing was told of the change yet
        assert question.unfinished()
        latency.value = "50ms"
        assert not question.unfinished()
        assert app.asked.max_latency == "50ms"

    drive(walk)


@pytest.mark.parametrize("typed", ["abc", ""], ids=["no number", "nothing"])
def test_the_questions_do_not_go_on_from_batches_without_a_number(typed, home):
    async def walk(app, pilot):
        await at_the_images(app, pilot)
        await write(pilot, typed)
        await pilot.press("f2")
        await see(pilot, "question 3 of 5", f"! batch size '{typed}' is not a whole number")
        assert app.focused.id == "count"
        await pilot.press("ctrl+u", "4", "f2")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen) and app.asked.batch_size == 4)

    drive(walk)


def test_batches_are_typed_and_taken_without_enter(home):
    async def walk(app, pilot):
        await at_the_images(app, pilot)
        await pilot.press("8", "f3")
        await see(pilot, "question 4 of 5")
        assert app.asked.batch_size == 8

    drive(walk)


def test_who_turns_to_single_images_hears_no_more_of_the_batch(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("i")
        await see(pilot, "How do images arrive?")
        await pilot.press("down", "enter")
        await write(pilot, "abc")
        await pilot.press("enter")
        await see(pilot, "! batch size 'abc' is not a whole number")
        assert isinstance(app.screen, SingleScreen)
        await pilot.press("shift+tab", "up", "enter")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))
        assert "! " not in text(app)

    drive(walk)


def test_a_question_that_is_left_takes_its_complaint_with_it(asked_before):
    async def walk(app, pilot):
        await answered(app, pilot)
        await pilot.press("i")
        await see(pilot, "How do images arrive?")
        await pilot.press("down", "enter", *"abc", "enter")
        await see(pilot, "! batch size 'abc' is not a whole number")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))
        assert "! " not in text(app)

    drive(walk)
