"""What decisions cost, asked as a user does. One small target: the large ones take minutes."""

from __future__ import annotations

import json


def test_a_small_target_is_scored_beside_the_rules_people_use_and_written_as_a_page(advisor, tmp_path):
    page = tmp_path / "page.md"
    done = advisor(
        "evaluate", "--regret", "--device", "jetson-agx-xavier-32gb", "--write", str(page), "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    settings = {(one["setting"], one["target"]["runtime"]): one for one in json.loads(done.stdout)["settings"]}
    every = settings["every family hidden", "pytorch-eager"]
    assert every["models"] >= 25
    assert every["cases"] == 19
    rules = {score["rule"]: score for score in every["scores"]}
    assert set(rules) == {"advisor", "advisor, at most 5 confirmed", "interval ignored", "limit in MACs"}
    assert rules["advisor, at most 5 confirmed"]["broken"] == 0.0
    assert rules["advisor, at most 5 confirmed"]["measured"] <= 5
    assert rules["advisor"]["broken"] <= rules["interval ignored"]["broken"]
    assert all(0.0 <= score["broken"] <= 1.0 and score["mean"] >= 0.0 for score in rules.values())
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# What decisions cost")
    assert "| advisor, at most 5 confirmed |" in text


def test_a_device_with_too_few_models_is_exit_4_and_says_what_to_do(advisor):
    done = advisor("evaluate", "--regret", "--device", "raspberry-pi-5")
    assert done.returncode == 4
    assert "advisor measure" in done.stderr


def test_models_that_stay_measured_are_of_hidden_devices_only(advisor):
    done = advisor("evaluate", "--measured", "20")
    assert done.returncode == 2
    assert "--regret" in done.stderr
    assert advisor("evaluate", "--regret", "--measured", "2").returncode == 2
