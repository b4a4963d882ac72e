"""What a user's machine can do to a database, and what is said about it. Nothing is ever lost."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ASK = ("recommend", "--device", "jetson-orin-nano-8gb", "--max-latency", "50ms", "--format", "json")


def one_line(done: subprocess.CompletedProcess) -> str:
    """The single line an error is allowed to be."""
    lines = [line for line in done.stderr.splitlines() if "preparing" not in line]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def database(home: Path) -> Path:
    return home / "advisor.db"


def test_a_database_from_the_future_is_refused_with_an_instruction_and_left_alone(advisor_at, home):
    with sqlite3.connect(database(home)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = database(home).read_bytes()
    done = advisor_at(*ASK, home=home)
    assert done.returncode == 1
    assert "schema version 99" in one_line(done)
    assert "upgrade" in done.stderr
    assert database(home).read_bytes() == before


def test_another_programs_database_is_refused(advisor_at, empty_home):
    empty_home.mkdir()
    with sqlite3.connect(database(empty_home)) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    done = advisor_at(*ASK, home=empty_home)
    assert done.returncode == 1
    assert "belongs to another program" in one_line(done)


def test_a_file_that_is_no_database_is_refused(advisor_at, empty_home):
    empty_home.mkdir()
    database(empty_home).write_text("this is not SQLite\n" * 100)
    done = advisor_at(*ASK, home=empty_home)
    assert done.returncode == 1
    assert "not an intact advisor database" in one_line(done)
    assert database(empty_home).read_text().startswith("this is not SQLite")


@pytest.mark.parametrize("place", ["/proc/advisor", "/dev/null/home"])
def test_a_home_that_cannot_be_created_is_said(advisor_at, place):
    done = advisor_at(*ASK, home=Path(place))
    assert done.returncode == 1
    assert "set ADVISOR_HOME to a writable folder" in one_line(done)


def without_override() -> list[str]:
    """A command prefix under which even root obeys permission bits."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    drop = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"]


def read_only(home: Path) -> None:
    for path in home.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    home.chmod(0o555)


def test_a_prepared_home_on_read_only_media_still_answers(advisor_at, home):
    read_only(home)
    done = advisor_at(*ASK, home=home, prefix=without_override())
    home.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["picks"]


def test_an_import_into_a_read_only_home_is_refused_in_one_line(advisor_at, home, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(
        "source_id,model,device,runtime,precision,batch_size,resolution,latency_ms\nmine,resnet50,rtx-3090,pytorch,fp32,1,224,7\n"
    )
    read_only(home)
    done = advisor_at("db", "import", str(file), home=home, prefix=without_override())
    home.chmod(0o755)
    assert done.returncode == 1
    assert "set ADVISOR_HOME" in one_line(done)


def test_a_full_disk_is_said_and_the_next_run_with_room_succeeds(advisor_at, empty_home):
    limit = 3_000_000
    done = advisor_at(
        *ASK, home=empty_home, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    assert done.returncode == 1
    assert "free some space" in one_line(done)
    again = advisor_at(*ASK, home=empty_home)
    assert again.returncode == 0, again.stderr
    assert json.loads(advisor_at("db", "verify", "--format", "json", home=empty_home).stdout)["intact"]


def test_output_to_a_full_device_is_one_line(shared_home):
    command = [sys.executable, "-m", "advisor", *ASK]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env={**os.environ, "ADVISOR_HOME": str(shared_home)},
        )
    assert done.returncode == 1
    assert "cannot write the output" in one_line(done)


def test_a_pipe_is_refused_and_not_waited_for(advisor_at, home, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    done = advisor_at("db", "import", str(tmp_path / "pipe.csv"), home=home)
    assert done.returncode == 1
    assert "not a regular file" in one_line(done)


def test_two_first_uses_at_once_both_answer_alike(empty_home):
    command = [sys.executable, "-m", "advisor", *ASK]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=170) for process in running]
    assert [process.returncode for process in running] == [0, 0], answers
    assert answers[0][0] == answers[1][0]


def test_a_first_use_that_is_killed_loses_nothing(advisor_at, empty_home):
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", *ASK], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    process.stderr.readline()  # it has begun to prepare
    process.kill()
    process.communicate(timeout=30)
    done = advisor_at(*ASK, home=empty_home)
    assert done.returncode == 0, done.stderr
