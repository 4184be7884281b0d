"""The generated Robot Framework suite, run by Robot Framework.

Renode's side is a stand-in behind the same XML-RPC interface, with the real firmware running in
unicorn; where `renode-test` is on PATH the suite runs in Renode itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from xmlrpc.server import SimpleXMLRPCServer

import pytest

from tests.random_packs import random_pack
from tests.renode.monitor import Monitor
from tests.run.clips import random_clip
from tests.tools import need, require
from tinysnn.boards import load_board
from tinysnn.image import read_image
from tinysnn.renode.project import write_project
from tinysnn.run.unicorn import Machine

pytestmark = pytest.mark.emu
KEYWORDS = """\
*** Keywords ***
Setup
    Import Library    Remote    http://127.0.0.1:{port}/    AS    Renode
Nothing
    No Operation
"""


class Renode:
    """Keywords of Renode's server."""

    def __init__(self, board):
        self.monitor = Monitor(lambda elf: Machine(_image(elf, board), 0))

    def get_keyword_names(self):
        return ["Execute Command", "Execute Script", "Reset Emulation"]

    def run_keyword(self, name, arguments, _named=None):
        work = {
            "Execute Command": self.monitor.command,
            "Execute Script": lambda path: self.monitor.script(path) or "",
            "Reset Emulation": lambda: self.monitor.reset() or "",
        }[name]
        try:
            return {"status": "PASS", "return": work(*arguments)}
        except Exception as error:  # noqa: BLE001 (goes into the report)
            return {"status": "FAIL", "error": f"{type(error).__name__}: {error}"}


def _image(elf, board):
    return read_image(elf, board, compiler="any", optimise="any")


@pytest.fixture(scope="module", params=[5, 3], ids=["spikes", "membranes"])
def project(request, tmp_path_factory):
    """A project for a random pack; the two end in spikes and in membranes."""
    need("gcc-arm")
    need("unicorn")
    pack = random_pack(request.param, f"model_{request.param}")
    clips = [random_clip(pack, 1, 10), random_clip(pack, 2, 4)]
    folder = tmp_path_factory.mktemp("renode") / "a project"
    return pack, write_project(pack, load_board("generic_m3"), clips, folder)


def run_suite(project, tmp_path):
    """Results by name of the test: PASS, or what failed."""
    pytest.importorskip("robot")
    from robot.running.builder import TestSuiteBuilder

    server = SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False, allow_none=True)
    server.register_instance(Renode(project.board))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        keywords = tmp_path / "keywords.robot"
        keywords.write_text(KEYWORDS.format(port=server.server_address[1]))
        suite = TestSuiteBuilder().build(str(project.folder / f"{project.board.id}.robot"))
        # As renode-test does: its keywords, a setup for the suite, a reset before each test.
        suite.resource.imports.create(type="Resource", name=str(keywords))
        suite.setup.config(name="Setup")
        for test in suite.tests:
            test.setup.config(name="Reset Emulation")
        ended = suite.run(console="none", output=None, log=None, report=None)
        return {test.name: test.message or test.status for test in ended.suite.tests}
    finally:
        server.shutdown()
        server.server_close()


def test_suite_passes(project, tmp_path):
    _, made = project
    assert list(run_suite(made, tmp_path).values()) == ["PASS", "PASS", "PASS"]
    assert made.ticks == 14


def changed(project, tmp_path, change):
    """A copy of the project with other vectors."""
    folder = tmp_path / "changed"
    shutil.copytree(project.folder, folder)
    vectors = json.loads((folder / "vectors.json").read_text())
    change(vectors["exchanges"])
    (folder / "vectors.json").write_text(json.dumps(vectors))
    return run_suite(type(project)(folder, (), project.board, project.image, 0), tmp_path)


def test_one_bit_of_one_tick_fails_and_is_named(project, tmp_path):
    _, made = project

    def flip(exchanges):
        exchanges[2]["answer"]["ticks"][1]["hash"] ^= 1 << 9

    results = list(changed(made, tmp_path, flip).values())
    assert results[0] == "PASS"
    assert "tick 1 differs: state hash" in results[1]


def test_one_output_fails(project, tmp_path):
    _, made = project

    def flip(exchanges):
        tick = exchanges[2]["answer"]["ticks"][1]
        tick["output"] = bytes(b ^ 1 for b in bytes.fromhex(tick["output"])).hex()

    assert "tick 1 differs" in list(changed(made, tmp_path, flip).values())[1]


def test_other_model_fails(project, tmp_path):
    _, made = project

    def other(exchanges):
        exchanges[0]["answer"]["digest"] = "00" * 32

    assert "HELLO: digest is" in next(iter(changed(made, tmp_path, other).values()))


def test_project_names_no_folder_of_this_machine(project):
    _, made = project
    for name in made.files:
        data = (made.folder / name).read_bytes()
        assert str(made.folder.parent).encode() not in data, name
    assert sorted(path.name for path in made.folder.iterdir()) == sorted(made.files)


def test_suite_in_renode_itself(project):
    found = shutil.which("renode-test")
    require("renode", found is not None, "no renode-test here (renode.io)")
    _, made = project
    suite = made.folder / f"{made.board.id}.robot"
    subprocess.run([found, str(suite)], check=True, timeout=600, cwd=made.folder)
