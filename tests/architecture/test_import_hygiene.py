"""What a process loads: import-linter sees what is written, this sees what happens."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "advisor"
HEAVY = (
    "torch",
    "torchvision",
    "timm",
    "sklearn",
    "scipy",
    "pandas",
    "numpy",
    "optuna",
    "rich",
    "textual",
    "pynvml",
    "platformdirs",
    "matplotlib",
)


def loaded_after(code: str, home: Path) -> set[str]:
    """Top-level names of the modules a fresh process has loaded after running `code`."""
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"ADVISOR_HOME": str(home), "PATH": ""},
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_recommend_as_json_on_a_prepared_home_loads_nothing_heavy(shared_home):
    code = (
        "from advisor.cli.app import cli\n"
        "cli.main(['recommend', '--device', 'jetson', '--max-latency', '50ms', '--format', 'json'], standalone_mode=False)"
    )
    loaded = loaded_after(code, shared_home)
    assert "sqlite3" in loaded  # the run did happen
    assert sorted(loaded & set(HEAVY)) == []
    assert not any(
        name.startswith(("advisor.predict", "advisor.store.importers", "advisor.store.seeding")) for name in loaded
    )


@pytest.mark.parametrize(
    "module", ["advisor", "advisor.complexity", "advisor.zoo", "advisor.devices", "advisor.cli.app"]
)
def test_importing_a_package_loads_nothing_heavy(module, tmp_path):
    assert sorted(loaded_after(f"import {module}", tmp_path) & set(HEAVY)) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["recommend", "--device", "jetson"],
        ["predict", "resnet50", "--device", "jetson"],
        ["explain", "resnet50"],
        ["models", "list", "--format", "csv"],
        ["devices", "list"],
        ["db", "info"],
        ["chart", "pareto", "--device", "jetson"],
        ["chart", "accuracy-speed", "--format", "json"],
    ],
    ids=" ".join,
)
def test_only_a_picture_loads_matplotlib(arguments, shared_home):
    code = f"from advisor.cli.app import cli\ncli.main({arguments!r}, standalone_mode=False)"
    assert "matplotlib" not in loaded_after(code, shared_home)


def imports_of(path: Path) -> set[str]:
    """Top-level names imported anywhere in a file, TYPE_CHECKING blocks aside."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("torch", ("complexity", "zoo.py", "measure")),
        ("torchvision", ("complexity", "zoo.py", "measure")),
        ("timm", ("complexity", "zoo.py", "measure")),
        ("sklearn", ("predict",)),
        ("scipy", ("predict",)),
        ("optuna", ("predict",)),
        ("sqlite3", ("store",)),
        ("click", ("cli",)),
        ("pynvml", ("probe",)),
        ("matplotlib", ("render",)),
    ],
)
def test_a_library_is_imported_only_where_it_belongs(library, homes):
    elsewhere = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if library in imports_of(path) and path.relative_to(PACKAGE).parts[0] not in homes
    ]
    assert elsewhere == []


def test_nothing_that_runs_code_on_loading_is_imported():
    dangerous = {"pickle", "joblib", "dill", "marshal", "shelve"}
    assert {
        str(p.name): sorted(imports_of(p) & dangerous) for p in PACKAGE.rglob("*.py") if imports_of(p) & dangerous
    } == {}


def test_the_verbs_stay_callable_after_the_packages_of_the_same_name_are_imported():
    code = (
        "import advisor, advisor.recommend.ranking, advisor.predict.features\n"
        "assert callable(advisor.recommend) and callable(advisor.predict)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
