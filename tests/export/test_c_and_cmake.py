"""Plain C and CMake: built from a clean folder, run, and used by find_package."""

from __future__ import annotations

import pytest

from tests.export.conftest import PACKS, passes, serves_the_models
from tests.firmware.test_lint import STRICT
from tests.run.clips import random_clip
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.errors import OptionError
from tinysnn.image import read_image
from tinysnn.run.base import Job, expected_model
from tinysnn.run.qemu import QemuRunner
from tinysnn.verify import verify

CONSUMER = """
cmake_minimum_required(VERSION 3.16)
project(consumer C)
find_package(tsnn_dense 0.1 CONFIG REQUIRED)
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE tsnn::dense)
"""
MAIN = """
#include "tsnn_dense.h"

static tsnn_dense_state_t state;

/* The exit code is the number of spikes in eight ticks of all inputs. */
int main(void)
{
    const uint16_t active[] = {0, 1, 2, 3, 4};
    uint16_t spikes[TSNN_DENSE_N_OUT];
    const tsnn_input_t in = {active, NULL, 5u};
    tsnn_output_t out = {spikes, NULL, 0u};
    int total = 0;
    tsnn_dense_init(&state);
    for (int tick = 0; tick < 8; tick++) {
        tsnn_dense_step(&state, &in, &out);
        total += (int)out.count;
    }
    return total;
}
"""


def _runs_on_qemu(elf, board):
    image = read_image(elf, board, compiler="make", optimise="-O2")
    for slot, pack in enumerate(PACKS):
        with QemuRunner(Job(expected_model(pack), slot, image), exact_counts=False) as runner:
            report = verify(pack, runner, [random_clip(pack, slot)])
        assert report.first_divergence is None


@pytest.mark.host
def test_c_for_this_machine(exported):
    need("cc")
    folder = exported("c")
    passes("make", "-s", f"CFLAGS={' '.join(STRICT[1:-1])}", cwd=folder)
    serves_the_models(folder / "build" / "tinysnn-server")
    assert (folder / "build" / "libtinysnn.a").is_file()


@pytest.mark.emu
def test_c_for_a_board(exported):
    need("gcc-arm")
    need("qemu")
    board = load_board("mps2_an386")
    folder = exported("c", board=board)
    passes("make", "-s", f"CFLAGS={' '.join(STRICT[1:-1])}", cwd=folder)
    _runs_on_qemu(folder / "build" / "tinysnn.elf", board)
    assert (folder / "build" / "tinysnn.hex").read_text().startswith(":")


def test_c_for_a_core_alone_is_refused(exported):
    with pytest.raises(OptionError, match="--core without --board"):
        exported("c", core="cortex-m4")


@pytest.mark.host
def test_cmake_library_is_found_by_find_package(exported, tmp_path):
    need("cc")
    need("cmake")
    folder, consumer = exported("cmake"), tmp_path / "consumer"
    passes("cmake", "-S", ".", "-B", "build", cwd=folder)
    passes("cmake", "--build", "build", cwd=folder)
    serves_the_models(folder / "build" / "tinysnn")
    passes("cmake", "--install", "build", "--prefix", tmp_path / "prefix", cwd=folder)
    consumer.mkdir()
    (consumer / "CMakeLists.txt").write_text(CONSUMER)
    (consumer / "main.c").write_text(MAIN)
    prefix = f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}"
    passes("cmake", "-S", ".", "-B", "build", prefix, cwd=consumer)
    passes("cmake", "--build", "build", cwd=consumer)
    wanted = _spikes_of_all_inputs(8)
    passes("sh", "-c", f"build/consumer; test $? -eq {wanted}", cwd=consumer)


def _spikes_of_all_inputs(ticks):
    import numpy as np

    from tinysnn.reference import run
    from tinysnn.stimulus import Stimulus

    total = int(run(PACKS[0], Stimulus(np.ones((ticks, 5), np.int8))).output.sum())
    assert 0 < total < 128
    return total


@pytest.mark.emu
def test_cmake_for_a_board(exported):
    need("gcc-arm")
    need("qemu")
    need("cmake")
    board = load_board("mps2_an385")
    folder = exported("cmake", board=board)
    toolchain = "-DCMAKE_TOOLCHAIN_FILE=cmake/arm-none-eabi.cmake"
    passes("cmake", "-S", ".", "-B", "build", toolchain, cwd=folder)
    passes("cmake", "--build", "build", cwd=folder)
    _runs_on_qemu(folder / "build" / "tinysnn.elf", board)


@pytest.mark.slow
def test_cmake_for_a_core_alone_is_a_library(exported):
    need("gcc-arm")
    need("cmake")
    folder = exported("cmake", core="cortex-m0plus")
    toolchain = "-DCMAKE_TOOLCHAIN_FILE=cmake/arm-none-eabi.cmake"
    passes("cmake", "-S", ".", "-B", "build", toolchain, cwd=folder)
    passes("cmake", "--build", "build", cwd=folder)
    assert "tsnn_dense_kernels.S.o" in passes("ar", "t", "build/libtsnn_dense.a", cwd=folder)
