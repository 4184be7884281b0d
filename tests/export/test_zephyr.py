"""The Zephyr module: its files by Zephyr's schema, and its sources on stubs of Zephyr's API.

Zephyr itself is in no package registry: what is checked here is the structure that its build
system documents, and that the port does its work behind the declarations of Zephyr 3.7.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.export.conftest import passes, serves_the_models
from tests.firmware.test_lint import STRICT
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.toolchain import find_toolchain

STUBS = Path(__file__).parent / "stubs" / "zephyr"
MODULE_KEYS = {"name", "build", "samples", "tests", "boards", "blobs"}
BUILD_KEYS = {"cmake", "kconfig", "cmake-ext", "kconfig-ext", "depends", "settings"}


@pytest.fixture
def module(exported):
    return exported("zephyr")


def test_module_yml_keeps_the_schema(module):
    found = yaml.safe_load((module / "zephyr" / "module.yml").read_text())
    assert set(found) <= MODULE_KEYS
    assert set(found["build"]) <= BUILD_KEYS
    assert (module / found["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (module / found["build"]["kconfig"]).is_file()
    assert all((module / folder).is_dir() for folder in found["samples"])


def test_the_sample_keeps_twisters_schema(module):
    found = yaml.safe_load((module / "samples" / "serve" / "sample.yaml").read_text())
    assert set(found) == {"sample", "tests"}
    assert set(found["sample"]) <= {"name", "description"}
    for name, test in found["tests"].items():
        assert re.fullmatch(r"[a-z0-9_.]+", name)
        assert set(test) <= {"build_only", "filter", "tags", "integration_platforms"}


def test_options_are_defined_and_used(module):
    """prj.conf sets only what Kconfig or Zephyr defines; sources use only what Kconfig defines."""
    defined = set(
        re.findall(r"^(?:menu)?config (\w+)", (module / "Kconfig").read_text(), re.MULTILINE)
    )
    conf = (module / "samples" / "serve" / "prj.conf").read_text()
    wanted = set(re.findall(r"^CONFIG_(\w+)=", conf, re.MULTILINE))
    zephyrs = {
        "SERIAL",
        "UART_INTERRUPT_DRIVEN",
        "CONSOLE",
        "UART_CONSOLE",
        "BOOT_BANNER",
        "PRINTK",
    }
    assert wanted - defined == zephyrs | {"MAIN_STACK_SIZE"}
    texts = [p.read_text() for p in module.rglob("*") if p.suffix in (".c", ".h", ".txt")]
    used = {name for text in texts for name in re.findall(r"CONFIG_(TINYSNN\w*)", text)}
    assert used == defined


def test_cmake_names_every_source(module):
    text = (module / "CMakeLists.txt").read_text()
    for folder in ("model", "firmware"):
        for path in (module / folder).rglob("*.[cS]"):
            assert f" {path.relative_to(module).as_posix()}\n" in text


def test_kconfig_indents_as_the_kernels_does(module):
    for line in (module / "Kconfig").read_text().splitlines():
        assert not line.startswith(" ")
        assert re.match(r"$|#|\t|(menu)?config |if |endif", line), line


@pytest.mark.host
@pytest.mark.parametrize("interrupt", [True, False])
def test_the_port_serves_the_models(module, interrupt):
    need("cc")
    sources = [p for p in module.rglob("*.c") if "build" not in p.parts]
    defines = ['-DCONFIG_BOARD="stub"', "-DCONFIG_SYS_CLOCK_HW_CYCLES_PER_SEC=1000000"]
    defines += ["-DCONFIG_TINYSNN_RX_BYTES=64", "-DCONFIG_TINYSNN=1"]
    defines += ["-DCONFIG_UART_INTERRUPT_DRIVEN=1"] if interrupt else []
    includes = [f"-I{module / name}" for name in ("model", "firmware/include", "firmware/src")]
    passes("cc", *STRICT, *defines, *includes, f"-I{STUBS}", *sources, STUBS / "stub.c",
           "-D_POSIX_C_SOURCE=200809L", "-o", "server", cwd=module)  # fmt: skip
    serves_the_models(module / "server")


@pytest.mark.parametrize(
    "board", ["mps2_an386", pytest.param("mps3_an547", marks=pytest.mark.slow)]
)
def test_it_compiles_for_the_boards_core(exported, board):
    """Helium is left out: whether threads may use it is for Zephyr to say."""
    need("gcc-arm")
    target = load_board(board)
    module = exported("zephyr", board=target)
    core = "cortex-m33" if target.core == "cortex-m55" else target.core
    flags = [*find_toolchain("gcc").target_flags(core), "-Werror", "-Wall", "-O2"]
    flags += [f"-I{module / name}" for name in ("model", "firmware/include", "firmware/src")]
    flags += [
        f"-I{STUBS}",
        "-DCONFIG_SYS_CLOCK_HW_CYCLES_PER_SEC=1",
        "-DCONFIG_TINYSNN_RX_BYTES=64",
    ]
    for source in module.rglob("*.[cS]"):
        passes("arm-none-eabi-gcc", *flags, "-c", source, "-o", module / "x.o", cwd=module)
