"""The documents keep up with the program: commands run, every command and option is mentioned, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from advisor.cli.app import _COMMANDS, cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", README, re.M | re.S)
COMMANDS = [
    line.partition("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.startswith("advisor ")
]


def test_the_readme_shows_commands():
    assert len(COMMANDS) >= 3


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_answers(line, advisor_at, home):
    done = advisor_at(*shlex.split(line)[1:], home=home)
    assert done.returncode in (0, 3), done.stderr
    assert done.stdout


def test_the_output_in_the_readme_is_what_the_first_command_prints(advisor):
    # Names and sections, not figures: their last digit may depend on the versions of the numeric libraries.
    printed = advisor("recommend", "--device", "jetson", "--max-latency", "50ms").stdout
    models, titles = re.compile(r"(?:timm|torchvision)/[\w+]+"), re.compile(r"^\w[\w ,]+:$", re.M)
    assert len(models.findall(printed)) >= 8
    assert models.findall(BLOCKS[1]) == models.findall(printed)
    assert titles.findall(BLOCKS[1]) == titles.findall(printed)


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_is_in_the_readme_and_has_help(name, advisor_at, tmp_path):
    assert f"advisor {name}" in README
    done = advisor_at(name, "--help", home=tmp_path)
    assert done.returncode == 0
    assert "Usage:" in done.stdout


def test_every_option_of_recommend_is_in_the_readme():
    command = cli.get_command(click.Context(cli), "recommend")
    options = {opt for parameter in command.params for opt in parameter.opts if opt.startswith("--")}
    mentioned = set(re.findall(r"--[a-z][a-z-]+", README))
    assert options - mentioned == set()


def test_every_option_has_help():
    silent = []
    for name in _COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        inner = command.commands.values() if isinstance(command, click.Group) else [command]
        silent += [
            f"{name} {option.opts}"
            for one in inner
            for option in one.params
            if isinstance(option, click.Option) and not option.help
        ]
    assert silent == []


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/charts.md",
        "docs/prediction.md",
        "docs/complexity.md",
        "docs/check.md",
        "docs/decision.md",
        "docs/measurement.md",
        "docs/tui.md",
        "docs/why.md",
        "docs/decision-regret.md",
        "benchmarks_db/README.md",
    ],
)
def test_links_between_documents_lead_somewhere(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t]
    assert [t for t in targets if not (ROOT / document).parent.joinpath(t).exists()] == []


def test_the_error_tree_in_the_docstring_is_the_tree():
    from advisor import errors

    named = set(re.findall(r"^ +(\w+) {2,}", errors.__doc__, re.M)) | {"AdvisorError"}
    defined = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, errors.AdvisorError)}
    assert named == defined


MEASUREMENT = (ROOT / "docs" / "measurement.md").read_text(encoding="utf-8")


def test_every_case_of_the_verdict_is_in_the_docs_with_its_effect_and_sentence():
    from advisor.records.cases import CASES

    for code, case in CASES.items():
        effect = f"degrade ({case.grade})" if case.effect == "degrade" else case.effect
        assert f"| `{code}` | {effect} | {case.sentence} | {case.advice or '-'} |" in MEASUREMENT


def test_every_runtime_that_is_measured_says_on_what_hardware_it_was_verified():
    from advisor.records import MEASURABLE

    table = MEASUREMENT.partition("## Verified on")[2].partition("##")[0]
    assert [runtime for runtime in MEASURABLE if f"| `{runtime}`" not in table] == []


def test_every_option_of_measure_is_in_the_readme():
    command = cli.get_command(click.Context(cli), "measure")
    options = {opt for parameter in command.params for opt in parameter.opts if opt.startswith("--")}
    assert options - set(re.findall(r"--[a-z][a-z-]+", README)) == set()


def test_the_page_of_decision_regret_is_what_the_command_writes():
    from advisor.render.regret import document

    page = (ROOT / "docs" / "decision-regret.md").read_text(encoding="utf-8")
    assert page.startswith(document([]).rstrip())
    for setting in ("A family hidden", "Every family hidden", "New device, 10 models measured"):
        assert f"\n## {setting}" in page


def test_every_option_of_evaluate_is_in_the_readme():
    command = cli.get_command(click.Context(cli), "evaluate")
    options = {opt for parameter in command.params for opt in parameter.opts if opt.startswith("--")} - {"--write"}
    assert options - set(re.findall(r"--[a-z][a-z-]+", README)) == set()
