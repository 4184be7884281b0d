"""What a user wrote or changed in the folder of an export is not lost."""

from __future__ import annotations

import pytest

from tests.golden.packs import dense
from tinysnn.errors import OptionError
from tinysnn.export import FORMATS, export
from tinysnn.export.request import Request
from tinysnn.export.tree import MANIFEST, write_tree

FILES = {"README.md": "one\n", "src/a.c": "int a;\n"}


def test_written_again_and_stale_files_leave(tmp_path):
    write_tree(tmp_path, "c", FILES)
    write_tree(tmp_path, "c", {"README.md": "two\n"})
    assert (tmp_path / "README.md").read_text() == "two\n"
    assert not (tmp_path / "src" / "a.c").exists()


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_the_user_changed_stops_everything(tmp_path, name):
    write_tree(tmp_path, "c", FILES)
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(OptionError, match=rf"would lose what you wrote in {name}"):
        write_tree(tmp_path, "c", {"README.md": "two\n", "new.c": ""})
    assert (tmp_path / name).read_text() == "mine\n"
    assert not (tmp_path / "new.c").exists()
    write_tree(tmp_path, "c", {"README.md": "two\n"}, replace=True)
    assert (tmp_path / "README.md").read_text() == "two\n"


def test_a_file_that_was_there_before_is_the_users(tmp_path):
    (tmp_path / "README.md").write_text("my project\n")
    with pytest.raises(OptionError, match=r"README\.md"):
        write_tree(tmp_path, "c", FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_files_beside_an_export_stay(tmp_path):
    write_tree(tmp_path, "c", FILES)
    (tmp_path / "src" / "mine.c").write_text("int mine;\n")
    write_tree(tmp_path, "c", FILES)
    assert (tmp_path / "src" / "mine.c").is_file()


@pytest.mark.parametrize("make", ["README.md/", "src", "."])
def test_a_file_or_folder_in_the_way_stops_everything(tmp_path, make):
    folder = tmp_path / "out"
    if make == ".":
        folder.write_text("")
    else:
        folder.mkdir()
        (folder / make).mkdir() if make.endswith("/") else (folder / make).write_text("")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OptionError, match=r"is (a|no) folder"):
        write_tree(folder, "c", FILES)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_holds_one_format(tmp_path):
    write_tree(tmp_path, "c", FILES)
    with pytest.raises(OptionError, match="holds an export of format c"):
        write_tree(tmp_path, "cmake", FILES)


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        '{"format": "c", "files": {"../x": "00"}}',
        '{"format": "c", "files": {"/etc/x": "00"}}',
        '{"format": "c", "files": {"C:x": "00"}}',
    ],
)
def test_a_manifest_that_cannot_be_trusted(tmp_path, manifest):
    (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(OptionError, match="Delete it"):
        write_tree(tmp_path, "c", FILES)


@pytest.mark.parametrize("kind", FORMATS)
def test_no_export_names_its_place_or_is_different_twice(kind, tmp_path):
    from tinysnn.boards import load_board

    request = Request((dense(),), board=load_board("mps2_an386"), offline=kind == "platformio")
    texts = []
    for name in ("one", "two"):
        paths = export(kind, request, tmp_path / name)
        texts.append({str(p.relative_to(tmp_path / name)): p.read_bytes() for p in paths})
    assert texts[0] == texts[1]
    assert {"README.md", "LICENSE"} < set(texts[0])
    for content in texts[0].values():
        assert str(tmp_path).encode() not in content
        assert content
