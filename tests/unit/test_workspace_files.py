"""Workspaces: found, made, and their settings' mistakes explained."""

from pathlib import Path

import pytest

from oms_import.model.errors import SettingError
from oms_import.workspace_files import SETTINGS_TEXT, create, find, load


def test_a_new_workspace_has_everything_and_its_state_is_private(tmp_path: Path) -> None:
    made = create(tmp_path / "space")
    assert (tmp_path / "space" / "oms-import.toml") in made
    for name in ("profiles", "reference", "drops", "out", ".oms-import"):
        assert (tmp_path / "space" / name).is_dir()
    assert (tmp_path / "space" / ".oms-import").stat().st_mode & 0o777 == 0o700
    assert load(tmp_path / "space").settings.outputs.formats == ("csv", "parquet")


def test_making_a_workspace_again_changes_nothing(tmp_path: Path) -> None:
    create(tmp_path)
    (tmp_path / "oms-import.toml").write_text('timezone = "Europe/Berlin"\n')
    assert create(tmp_path) == []
    assert load(tmp_path).settings.timezone == "Europe/Berlin"


def test_every_commented_setting_is_a_real_one(tmp_path: Path) -> None:
    (tmp_path / "oms-import.toml").write_text(
        "\n".join(
            line.removeprefix("# ") if " = " in line or line.startswith("# [[") else line
            for line in SETTINGS_TEXT.splitlines()
        )
    )
    settings = load(tmp_path).settings
    assert settings.timezone == "Europe/Berlin"
    assert settings.owners["catalogue"] == "Catalogue desk"
    assert settings.limits.memory_mb == 512
    assert [one.owner for one in settings.owner] == ["Ann"]
    assert [one.name for one in settings.deliver] == ["oms"]


def test_a_workspace_is_found_upwards(tmp_path: Path) -> None:
    create(tmp_path)
    below = tmp_path / "drops" / "deep"
    below.mkdir(parents=True)
    assert find(below, None, {}) == tmp_path


def test_the_named_workspace_goes_before_the_environments_and_the_nearest(tmp_path: Path) -> None:
    for name in ("here", "named", "environment"):
        create(tmp_path / name)
    environ = {"OMS_IMPORT_WORKSPACE": str(tmp_path / "environment")}
    assert find(tmp_path / "here", str(tmp_path / "named"), environ) == tmp_path / "named"
    assert find(tmp_path / "here", None, environ) == tmp_path / "environment"
    assert find(tmp_path / "here", None, {}) == tmp_path / "here"


def test_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        find(tmp_path, None, {})
    assert "oms-import init" in caught.value.hint


def test_a_named_directory_without_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        find(tmp_path, str(tmp_path), {})
    assert "oms-import.toml" in caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[limits]\nbatch_rowz = 5\n", ("batch_rowz", "2", "batch_rows")),
        ("[limits]\n\nbatch_rows = 0\n", ("batch_rows", "3")),
        ('[limits]\nmemory_mb = "much"\n', ("memory_mb", "2")),
        ('timezon = "UTC"\n', ("timezon", "1", "timezone")),
        ('timezone = "Europe/Berlyn"\n', ("Berlyn", "1", "Europe/Berlin")),
        ('[outputs]\nformats = ["cvs"]\n', ("cvs", "2", "csv")),
        ("[limits\n", ("TOML", "1")),
    ],
)
def test_a_wrong_setting_is_named_with_file_line_and_nearest(
    tmp_path: Path, text: str, said: tuple[str, ...]
) -> None:
    (tmp_path / "oms-import.toml").write_text(text)
    with pytest.raises(SettingError) as caught:
        load(tmp_path)
    error = caught.value
    told = f"{error.location}: {error.message} {error.hint}"
    assert "oms-import.toml" in told
    for part in said:
        assert part in told.replace(str(tmp_path), "")
    assert "Traceback" not in told
    assert error.exit_code == 2


def test_settings_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "oms-import.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError):
        load(tmp_path)
