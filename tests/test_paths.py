"""Where templates, firmware, boards and models are found."""

from __future__ import annotations

import pytest

from tinysnn import paths
from tinysnn.errors import ToolMissing


def test_every_folder_is_here():
    assert (paths.templates_dir() / "model.c.jinja").is_file()
    assert (paths.firmware_dir() / "include" / "tsnn.h").is_file()
    assert list(paths.boards_dir().glob("*.toml"))
    assert (paths.models_dir() / "keyword" / "keyword.nir").is_file()


def test_the_installed_copy_comes_before_the_checkout(tmp_path, monkeypatch):
    package = tmp_path / "tinysnn"
    monkeypatch.setattr(paths, "_PACKAGE", package)
    (tmp_path / "boards").mkdir()
    assert paths.boards_dir() == tmp_path / "boards"
    (package / "_data" / "boards").mkdir(parents=True)
    assert paths.boards_dir() == package / "_data" / "boards"


def test_a_damaged_installation_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "tinysnn")
    with pytest.raises(ToolMissing, match="'firmware' is not part of this installation"):
        paths.firmware_dir()
