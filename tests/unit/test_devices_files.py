"""A user's profile: what is wrong with it is said in one line that names file, key and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.devices import load_toml, shipped_profiles, user_devices, validate_profile
from advisor.errors import DataError
from advisor.locations import shipped

GOOD = """\
id = "my-board"
name = "My Board"
kind = "jetson"
vendor = "ACME"
architecture = "Ampere"
board_class = "embedded"
unified_memory = true
aliases = ["acme,board"]
runtimes = ["tensorrt", "ncnn"]

[default_target]
compute_unit = "gpu"
runtime = "tensorrt"
precision = "fp16"
power_mode = "15W"

[sources]
sheet = "ACME data sheet, page 3"

[facts]
compute_capability = { value = 8.7, source = "sheet" }
memory_gb = { value = 8, source = "the label on the module" }

[[power_modes]]
name = "15W"
nvpmodel_id = 0
gpu_max_mhz = 625
source = "sheet"
"""


@pytest.fixture
def profile(tmp_path: Path):
    """Writes a profile, GOOD with one text replaced, and gives its path."""

    def make(old: str = "", new: str = "") -> Path:
        assert old in GOOD
        path = tmp_path / "board.toml"
        path.write_text(GOOD.replace(old, new, 1) if old else GOOD + new, encoding="utf-8")
        return path

    return make


def said(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        validate_profile(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 1500
    return message


def test_a_good_profile_is_a_user_device(profile):
    device = validate_profile(profile())
    assert (device.id, device.origin, device.default_target.power_mode) == ("my-board", "user", "15W")
    assert device.facts["memory_gb"].source == "the label on the module"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('id = "my-board"', "", "id is missing"),
        ('id = "my-board"', 'id = "My Board"', "id is 'My Board'; expected lower-case letters"),
        ('id = "my-board"', 'id = "../../etc/passwd"', "expected lower-case letters"),
        ('id = "my-board"', f'id = "{"a" * 65}"', "id is longer than 64 characters"),
        ('kind = "jetson"', 'kind = "phone"', "kind is 'phone'; expected one of jetson, gpu, cpu, sbc"),
        ('board_class = "embedded"', 'board_class = "cheap"', "board_class is 'cheap'; expected one of embedded"),
        ("unified_memory = true", "unified_memory = 1", "unified_memory must be true or false"),
        ('vendor = "ACME"', "vendor = 3", "vendor must be a string, not 3"),
        ('name = "My Board"', 'name = "red\\u001b[31m"', "name holds control characters"),
        ('name = "My Board"', 'name = "abc\\u202Edef"', "name holds control characters"),
        ('"acme,board"', '"acme,board", "ACME,board"', "aliases holds an empty or a repeated string"),
        ('"acme,board"', '"My-Board"', "aliases repeats the id or the name: 'My-Board'"),
        ('"tensorrt", "ncnn"', '"tensorrt", "magic"', "runtimes holds 'magic'; expected some of pytorch-eager"),
        ('"tensorrt", "ncnn"', "", "runtimes is empty"),
        ("value = 8,", "value = nan,", "facts.memory_gb.value must be a number above 0"),
        ("value = 8,", "value = inf,", "facts.memory_gb.value must be a number above 0"),
        ("value = 8,", "value = -8,", "facts.memory_gb.value must be a number above 0"),
        ("value = 8,", "value = 0,", "facts.memory_gb.value must be a number above 0"),
        ("value = 8,", "value = 1e300,", "facts.memory_gb.value must be a number above 0"),
        ("value = 8,", "value = true,", "facts.memory_gb.value must be a number, not True"),
        ("value = 8,", 'value = "8",', "facts.memory_gb.value must be a number, not '8'"),
        ("value = 8, ", "", "facts.memory_gb.value is missing; leave the whole fact out"),
        ("memory_gb = {", "ram_gb = {", "facts.ram_gb is not a known fact; known: sm_count"),
        (
            ', source = "the label on the module"',
            "",
            "facts.memory_gb.source is missing; every fact names where it was read",
        ),
        ("the label on the module", " ", "facts.memory_gb.source is missing"),
        ("the label on the module", "shet", "names 'shet', which [sources] does not hold"),
        ("value = 8,", "value = 8, unit = 'GB',", "facts.memory_gb.unit is not a known key; known: source, value"),
        (
            'runtime = "tensorrt"',
            'runtime = "onnxruntime"',
            "default_target.runtime is 'onnxruntime'; expected one of tensorrt, ncnn",
        ),
        ('precision = "fp16"', 'precision = "fp4"', "default_target.precision is 'fp4'"),
        ('compute_unit = "gpu"', 'compute_unit = "cpu"', "default_target.precision fp16 does not run on a cpu"),
        ('power_mode = "15W"', 'power_mode = "MAXN"', "default_target.power_mode is 'MAXN'; the profile has 15W"),
        ('power_mode = "15W"', "", "default_target.power_mode is missing; expected one of 15W"),
        ("nvpmodel_id = 0", "nvpmodel_id = -1", "power_modes[0].nvpmodel_id must be an integer from 0"),
        ("nvpmodel_id = 0", "gpu_max_ghz = 1", "power_modes[0].gpu_max_ghz is not a known key"),
        ('vendor = "ACME"', 'vendor = "ACME"\nprice = 3', "price is not a known key; known: aliases"),
        ("[facts]", "[fakts]", "fakts is not a known key"),
        ("[default_target]", "[target]", "default_target is missing; expected a table"),
        ("[[power_modes]]", "[power_modes]", "power_modes must be at most 50 tables"),
        ('id = "my-board"', 'id = "my-board', "not TOML: "),
        ('id = "my-board"', 'id = "a"\nid = "b"', "not TOML: "),
    ],
)
def test_each_mistake_is_named(profile, old, new, expected):
    assert expected in said(profile(old, new))


def test_two_power_modes_of_one_name_are_refused(profile):
    assert "power_modes has an empty or a repeated name" in said(
        profile("", '[[power_modes]]\nname = "15w"\nsource = "sheet"\n')
    )


def test_int8_on_a_gpu_without_it_is_refused(profile):
    path = profile('precision = "fp16"', 'precision = "int8"')
    path.write_text(path.read_text().replace("8.7", "5.3"))
    assert "default_target.precision int8 needs int8 arithmetic, compute capability 5.3 has none" in said(path)


def test_a_file_of_a_megabyte_is_refused_unread(profile):
    assert "larger than 256 KiB" in said(profile("", "#" * 2**20))


def test_deep_nesting_is_refused(profile):
    assert "not TOML" in said(profile("", "\nx = " + "[" * 100_000 + "]" * 100_000 + "\n"))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "board.toml"
    path.write_bytes(b'id = "\xff\xfe"')
    assert "not UTF-8 text (byte 6)" in said(path)


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    assert "no such file" in said(tmp_path / "nowhere.toml").casefold()
    (tmp_path / "folder.toml").mkdir()
    assert "cannot be read" in said(tmp_path / "folder.toml")


def test_a_profile_is_data_only(profile):
    hostile = "__import__('os').system('true')"
    assert validate_profile(profile('name = "My Board"', f'name = "{hostile}"')).name == hostile


def test_a_folder_without_profiles_holds_no_device(tmp_path):
    assert user_devices(tmp_path / "nothing") == []


def test_one_broken_profile_of_the_home_is_named(profile):
    path = profile("value = 8,", "value = -8,")
    with pytest.raises(DataError, match=r"board\.toml: facts\.memory_gb"):
        user_devices(path.parent)


def test_shipped_profiles_are_called_after_their_id_and_sorted():
    ids = [device.id for device in shipped_profiles()]
    assert ids == sorted(ids)
    assert set(ids) == {path.stem for path in shipped("profiles").glob("*.toml")}


def test_any_toml_can_be_loaded(tmp_path):
    (tmp_path / "a.toml").write_text('[x]\ny = "z"\n')
    assert load_toml(tmp_path / "a.toml") == {"x": {"y": "z"}}
