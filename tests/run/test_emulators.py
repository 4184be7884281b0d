"""Images on unicorn, QEMU and Renode, against a device in Python and against the reference."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.run.clips import random_clip
from tests.tools import need
from tests.wire.models import SLOTS, clip, golden, same
from tinysnn.boards import list_boards, load_board
from tinysnn.build import build
from tinysnn.errors import (
    BoardError,
    DeviceError,
    OptionError,
    StimulusError,
    ToolMissing,
)
from tinysnn.link_faults import Faults, FaultyLink
from tinysnn.paths import firmware_dir
from tinysnn.run import RUNNERS, open_runner, qemu_count, unicorn
from tinysnn.run.base import Job, expected_model
from tinysnn.run.qemu import QemuRunner, command, find_qemu, qemu_version
from tinysnn.run.renode import RenodeRunner
from tinysnn.run.unicorn import UnicornRunner
from tinysnn.session import Session
from tinysnn.session_checks import Timing
from tinysnn.verify import verify

pytestmark = pytest.mark.emu


def _unicorn_boards():
    """Quickly: the first board of each core and of each UART, and all that are there for it."""
    seen = set()
    for board in list_boards():
        if board.core in unicorn.CPUS:
            fresh = {board.core, board.uart.driver} - seen
            seen |= fresh
            marks = [] if fresh or board.unicorn else [pytest.mark.slow]
            yield pytest.param(board.id, marks=marks)


UNICORN_BOARDS = list(_unicorn_boards())
QEMU_BOARDS = [board.id for board in list_boards() if board.qemu]
RENODE_BOARDS = [board.id for board in list_boards() if board.renode]


def _runs_like_the_fake(runner, slot):
    stimulus = clip(slot, 60)
    for keep_states in (False, True):
        got = runner.run(stimulus, keep_states)
        assert same(got, golden(slot, stimulus, keep_states=keep_states))
    return runner.run(stimulus)


@pytest.mark.parametrize("board", UNICORN_BOARDS)
@pytest.mark.parametrize("slot", [0, 1])
def test_unicorn_on_every_board(image_for, board, slot):
    need("unicorn")
    with UnicornRunner(Job(SLOTS[slot], slot, image_for(board))) as runner:
        trace = _runs_like_the_fake(runner, slot)
        info = runner.info

    assert (info.runner, info.board, info.count_kind) == ("unicorn", board, "instructions")
    assert trace.counts is not None
    assert trace.counts.shape == (60,)
    assert 20 < trace.counts.min() <= trace.counts.max() < 200


def test_unicorn_counts_are_the_same_in_every_run(image_for):
    need("unicorn")
    counts = []
    for _ in range(2):
        with UnicornRunner(Job(SLOTS[0], 0, image_for("generic_m4"))) as runner:
            counts.append(runner.run(clip(0, 50)).counts)
            counts.append(runner.run(clip(0, 50)).counts)
    assert all(np.array_equal(counts[0], other) for other in counts)


def test_unicorn_count_of_a_step_is_what_single_stepping_finds(image_for):
    need("unicorn")
    image = image_for("generic_m0")  # ARMv6-M has no IT blocks: the code hook misses nothing
    with UnicornRunner(Job(SLOTS[0], 0, image)) as runner:
        expected = runner.run(clip(0, 8)).counts
    with UnicornRunner(Job(SLOTS[0], 0, image)) as runner:
        stepped = _single_stepped(runner, image.symbols["tsnn_tiny_step"].address)
        runner.run(clip(0, 8))
    assert expected is not None
    assert stepped == expected.tolist()


def _single_stepped(runner, entry):
    from unicorn import UC_HOOK_CODE
    from unicorn.arm_const import UC_ARM_REG_LR

    counts: list[int] = []
    state = {"back": -1, "n": 0}

    def on_instruction(uc, address, _size, _data):
        if address == entry:
            state["back"], state["n"] = uc.reg_read(UC_ARM_REG_LR) & ~1, 0
        elif address == state["back"]:
            counts.append(state["n"])
            state["back"] = -1
        state["n"] += 1

    runner.machine._uc.ctl_flush_tb()
    runner.machine._uc.hook_add(UC_HOOK_CODE, on_instruction)
    return counts


def test_unicorn_profile_names_the_step(image_for):
    need("unicorn")
    with UnicornRunner(Job(SLOTS[0], 0, image_for("generic_m4"))) as runner:
        trace = runner.run(clip(0, 50))
        profile = runner.profile()
    assert profile["tsnn_tiny_step"] == trace.counts.sum()


def test_unicorn_says_where_the_firmware_crashed(image_for):
    need("unicorn")
    runner = UnicornRunner(Job(SLOTS[0], 0, image_for("generic_m4")))
    entry = image_for("generic_m4").symbols["tsnn_tiny_step"].address
    runner.machine._uc.mem_write(entry, b"\x00\x20\x00\x68\x00\x60" * 2)  # loads and stores at 0
    with pytest.raises(DeviceError, match="in tsnn_tiny_step: the emulated core stopped"):
        runner.run(clip(0, 5))


@pytest.mark.parametrize("board", QEMU_BOARDS)
@pytest.mark.parametrize("slot", [0, 1])
def test_qemu_on_every_board(image_for, board, slot):
    need("qemu")
    with QemuRunner(Job(SLOTS[slot], slot, image_for(board))) as runner:
        trace = _runs_like_the_fake(runner, slot)
        info = runner.info
        process = runner._emulator._process

    assert (info.runner, info.board, info.count_kind) == ("qemu", board, "instructions")
    assert trace.counts.shape == (60,)
    assert process.returncode is not None


COUNTED_BOARDS = [board for board in QEMU_BOARDS if load_board(board).core in unicorn.CPUS]


@pytest.mark.parametrize("board", COUNTED_BOARDS)
def test_timer_of_qemu_is_near_the_exact_counts(image_for, board):
    need("qemu")
    need("unicorn")
    job = Job(SLOTS[0], 0, image_for(board))
    with QemuRunner(job, exact_counts=False) as runner:
        trace, info = runner.run(clip(0, 60)), runner.info
        assert runner.profile() == {}
    with UnicornRunner(job) as runner:
        exact = runner.run(clip(0, 60)).counts
    # The timer is coarse, and reading it takes some 25 instructions.
    off = trace.counts.astype(int) - exact
    assert -info.count_resolution <= off.min() <= off.max() <= 2 * info.count_resolution + 60


@pytest.mark.parametrize("board", COUNTED_BOARDS)
def test_qemu_counts_what_unicorn_counts(packs, packs_image_for, board):
    need("qemu")
    need("unicorn")
    need("cc")
    for slot, pack in enumerate(packs):
        job = Job(expected_model(pack), slot, packs_image_for(board))
        clips = [random_clip(pack, seed) for seed in range(2)]
        with QemuRunner(job, exact_counts=True) as runner:
            counts = [runner.run(one).counts for one in clips]
            counts.append(runner.run(clips[0], keep_states=True).counts)
            profile, info = runner.profile(), runner.info
        with UnicornRunner(job) as runner:
            expected = [runner.run(one).counts for one in (*clips, clips[0])]
            theirs = runner.profile()
        assert np.array_equal(counts, expected)
        assert info.count_resolution == 1
        assert sum(profile.values()) == sum(map(np.sum, counts))
        step = f"tsnn_{pack.name}_step"
        assert profile[step] == theirs[step]


def test_the_timers_exception_does_not_count(packs, tmp_path, monkeypatch):
    need("qemu")
    need("unicorn")
    need("cc")
    need("gcc-arm")
    firmware = tmp_path / "firmware"
    shutil.copytree(firmware_dir(), firmware)
    systick = firmware / "port" / "counter_systick.c"
    often = systick.read_text().replace("SYST_MAX 0x00FFFFFFu", "SYST_MAX 0x0000003Fu")
    assert often != systick.read_text()
    systick.write_text(often)
    for module in ("build_folder", "firmware_sources"):
        monkeypatch.setattr(f"tinysnn.{module}.firmware_dir", lambda: firmware)
    image = build(packs, load_board("mps2_an386"), tmp_path / "build")
    job = Job(expected_model(packs[4]), 4, image)
    with UnicornRunner(job) as runner:
        expected = runner.run(random_clip(packs[4], 3)).counts
    with QemuRunner(job, exact_counts=True) as runner:
        assert np.array_equal(runner.run(random_clip(packs[4], 3)).counts, expected)
    monkeypatch.setattr(qemu_count, "_HANDLED", ("main",))
    with QemuRunner(job, exact_counts=True) as runner:
        counts = runner.run(random_clip(packs[4], 3)).counts
    assert (counts >= expected).all()
    assert counts.sum() > expected.sum()  # it did happen within steps


def test_exact_counts_where_qemu_takes_no_plugin(image_for, monkeypatch):
    need("qemu")
    monkeypatch.setattr(qemu_count, "_LOADED", "a message that never comes")
    qemu_count.plugin_for.cache_clear()
    job = Job(SLOTS[0], 0, image_for("mps2_an385"))
    with pytest.raises(ToolMissing, match="takes no plugin"):
        QemuRunner(job, exact_counts=True)
    with QemuRunner(job) as runner:
        assert runner.info.count_resolution == 40
    qemu_count.plugin_for.cache_clear()


def test_exact_counts_without_a_c_compiler(image_for, monkeypatch):
    need("qemu")
    qemu = find_qemu()
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    qemu_count.plugin_for.cache_clear()
    with pytest.raises(ToolMissing, match="no C compiler"):
        qemu_count.plugin_for(qemu, "7.2.0")


@pytest.mark.parametrize("board", RENODE_BOARDS)
def test_renode_on_every_board(image_for, board, tmp_path):
    need("renode")
    with RenodeRunner(Job(SLOTS[0], 0, image_for(board)), tmp_path) as runner:
        _runs_like_the_fake(runner, 0)
        assert runner.info.board == board


@pytest.mark.parametrize("seed", range(6))
def test_bad_line_to_unicorn(image_for, seed):
    need("unicorn")
    faults = Faults(seed, drop=0.03, repeat=0.03, flip=0.03, split=0.3, stall=0.02)
    stimulus = clip(0, 80, seed)
    with UnicornRunner(Job(SLOTS[0], 0, image_for("generic_m3"), faults)) as runner:
        trace = runner.run(stimulus)
        assert sum(runner.link.injected.values()) > 0
        assert trace.counts.shape == (80,)
    assert same(trace, golden(0, stimulus))


FAULTS = [
    Faults(drop=0.08),
    Faults(repeat=0.1),
    Faults(flip=0.1),
    Faults(split=0.6),
    Faults(stall=0.06),
    Faults(drop=0.02, repeat=0.03, flip=0.02, split=0.3, stall=0.02),
]


@pytest.mark.parametrize("faults", FAULTS, ids=lambda f: str(f)[7:-1])
@pytest.mark.parametrize("seed", [1, 2])
def test_bad_line_to_qemu(image_for, faults, seed):
    need("qemu")
    stimulus = clip(1, 60, seed)
    timing = Timing(answer_s=0.4, quiet_s=0.02, tries=40)
    runner = QemuRunner(Job(SLOTS[1], 1, image_for("mps2_an385")))
    with runner:
        link = FaultyLink(runner.link, replace(faults, seed=seed))
        session = Session(link, SLOTS[1], 1, timing, entropy=random.Random(seed))
        trace = session.run_clip(stimulus)
    assert same(trace, golden(1, stimulus))


def test_qemu_that_dies_is_a_clear_error(image_for):
    need("qemu")
    with QemuRunner(Job(SLOTS[0], 0, image_for("mps2_an385"))) as runner:
        runner._emulator._process.kill()
        with pytest.raises(DeviceError, match="connection ended"):
            runner.run(clip(0, 20))


def test_qemu_that_refuses_says_why(image_for):
    need("qemu")
    image = image_for("mps2_an385")
    nonsense = replace(image, elf=image.elf.with_name("missing.elf"))
    with pytest.raises(DeviceError, match=r"missing\.elf"):
        QemuRunner(Job(SLOTS[0], 0, nonsense))


def test_qemu_version():
    need("qemu")
    assert qemu_version()[0].isdigit()
    assert command("q", "m", Path("x.elf"), 7)[-2:] == ["-kernel", "x.elf"]


def test_board_that_qemu_lacks(image_for):
    with pytest.raises(BoardError, match="QEMU has no such board"):
        QemuRunner(Job(SLOTS[0], 0, image_for("generic_m4")))


def test_core_that_unicorn_lacks(image_for):
    with pytest.raises(BoardError, match=r"unicorn has no cortex-m55.*qemu"):
        UnicornRunner(Job(SLOTS[0], 0, image_for("mps3_an547")))


def test_missing_emulators_say_how_to_get_them(image_for, monkeypatch):
    image = image_for("generic_m4")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("RENODE", raising=False)
    with pytest.raises(ToolMissing, match="apt install"):
        find_qemu()
    with pytest.raises(ToolMissing, match=r"renode\.io"):
        RenodeRunner(Job(SLOTS[0], 0, image))


@pytest.mark.parametrize("runner", ["unicorn", "qemu"])
def test_other_model_in_the_image(image_for, runner):
    need(runner)
    board, cls = {"unicorn": ("generic_m4", UnicornRunner), "qemu": ("microbit", QemuRunner)}[
        runner
    ]
    with pytest.raises(DeviceError, match="runs model 'tiny'"):
        cls(Job(SLOTS[1], 0, image_for(board)))
    with pytest.raises(DeviceError, match="no model slot 9"):
        cls(Job(SLOTS[1], 9, image_for(board)))


@pytest.mark.parametrize(
    ("runner", "board"),
    [("unicorn", "generic_m0"), ("unicorn", "generic_m4"), ("qemu", "mps2_an386")],
)
def test_random_packs_bit_for_bit(packs, packs_image_for, runner, board):
    need(runner)
    image = packs_image_for(board)
    for slot, pack in enumerate(packs):
        clips = [random_clip(pack, seed) for seed in range(3)]
        with open_runner(runner, packs=packs, image=image, slot=slot) as device:
            report = verify(pack, device, clips)
            assert report.first_divergence is None, f"{pack.name}: {report.first_divergence}"
            assert verify(pack, device, clips[:1], keep_states=True).ok
        assert report.ticks == 120
        assert report.instructions_per_tick > 0


def test_open_runner_refuses_nonsense(packs):
    with pytest.raises(OptionError, match="unknown runner 'moon'"):
        open_runner("moon", packs=packs)
    with pytest.raises(OptionError, match="slot 9 of 5"):
        open_runner("host", packs=packs, slot=9)
    for name in RUNNERS[1:4]:
        with pytest.raises(OptionError, match="needs a firmware image"):
            open_runner(name, packs=packs)
    with pytest.raises(OptionError, match="needs a board"):
        open_runner("serial", packs=packs)


def test_clip_of_the_wrong_width_is_no_device_error(image_for):
    need("unicorn")
    with UnicornRunner(Job(SLOTS[0], 0, image_for("generic_m4"))) as runner:
        with pytest.raises(StimulusError):
            runner.run(clip(1, 5))
        _runs_like_the_fake(runner, 0)


def test_stopped_emulators_leave_nothing(image_for):
    need("qemu")
    runner = QemuRunner(Job(SLOTS[0], 0, image_for("mps2_an385")))
    process = runner._emulator._process
    runner.close()
    runner.close()
    assert process.returncode is not None
    with pytest.raises(OptionError, match="closed"):
        runner.run(clip(0, 5))
