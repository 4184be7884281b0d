"""Cross-compiling, the checks of an image, and the library for this machine."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import msgspec
import pytest

from tests.tools import have, need
from tinysnn.boards import Board, list_boards, load_board
from tinysnn.build import build_sources
from tinysnn.build_host import build_host, build_host_server
from tinysnn.errors import BoardError, BuildError, ToolMissing
from tinysnn.image import ElfView
from tinysnn.paths import firmware_dir
from tinysnn.stack import measure
from tinysnn.toolchain import SMALL, Toolchain, find_toolchain

MODEL = Path(__file__).parent / "firmware" / "model"
CORES = ("m0", "m0plus", "m3", "m4", "m7", "m33")
NAMES = {"gcc": "gcc-arm", "zig": "zig"}


@pytest.fixture(params=["gcc", "zig"])
def toolchain(request: pytest.FixtureRequest) -> Toolchain:
    need(NAMES[request.param])
    return find_toolchain(request.param)


@pytest.fixture
def gcc() -> Toolchain:
    need("gcc-arm")
    return find_toolchain("gcc")


@pytest.fixture
def any_toolchain() -> Toolchain:
    need("gcc-arm" if have("gcc-arm") else "zig")
    return find_toolchain()


def changed_model(folder: Path, old: str, new: str) -> Path:
    """The hand-written models, with one line of them changed."""
    folder.mkdir()
    found = False
    for path in MODEL.iterdir():
        text = path.read_text()
        found = found or old in text
        (folder / path.name).write_text(text.replace(old, new))
    assert found
    return folder


def _every_board() -> list[object]:
    """Each with gcc; with zig, which is slower, only the first board of each core quickly."""
    cores: set[str] = set()
    cases: list[object] = []
    for board in list_boards():
        slow = [pytest.mark.slow] if board.core in cores else []
        cores.add(board.core)
        cases += [
            pytest.param("gcc", board, id=f"gcc-{board.id}"),
            pytest.param("zig", board, id=f"zig-{board.id}", marks=slow),
        ]
    return cases


@pytest.mark.parametrize(("chain", "board"), _every_board())
def test_every_board_links(chain: str, board: Board, tmp_path: Path) -> None:
    need(NAMES[chain])
    image = build_sources(MODEL, board, tmp_path, toolchain=find_toolchain(chain))

    assert image.slots == ("tiny", "meter", "blank")
    assert image.elf == tmp_path / "tinysnn.elf"
    assert 2000 < image.flash_bytes - (board.vectors_base - board.flash_base) < 8000
    # two frames of 256 bytes, a state of 260, where the UART interrupts a ring of 128, small ones
    assert 820 < image.ram_bytes < 950 + 150 * (board.uart.irq is not None)
    assert image.stack_bytes is not None
    assert 150 < image.stack_bytes < 400
    assert image.sections[".stack"] == board.stack_bytes
    assert image.symbols["Reset_Handler"].is_function
    elf = ElfView(image.elf)
    reset = elf.read(board.vectors_base, 8)
    top = board.ram_base + board.stack_bytes
    assert int.from_bytes(reset[:4], "little") == top
    assert int.from_bytes(reset[4:], "little") == image.symbols["Reset_Handler"].address | 1
    if board.uart.irq is not None:
        handler = elf.word(board.vectors_base + 4 * (16 + board.uart.irq))
        assert handler == image.symbols["tsnn_uart_handler"].address | 1


@pytest.mark.parametrize("core", CORES)
def test_the_harness_is_small(toolchain: Toolchain, core: str, tmp_path: Path) -> None:
    """docs/size.md: everything in flash that is not a model."""
    board = load_board(f"generic_{core}")
    image = build_sources(MODEL, board, tmp_path, toolchain=toolchain)

    flash = {  # two names of one thing count once
        symbol.address: symbol.size
        for name, symbol in image.symbols.items()
        if symbol.address < board.ram_base and not re.search("tiny|meter|blank", name)
    }
    limit = 2550 if toolchain.name == "zig" else 2400 if core.startswith("m0") else 2200
    assert 1500 < sum(flash.values()) < limit


def test_the_image_is_the_same_wherever_it_is_built(toolchain: Toolchain, tmp_path: Path) -> None:
    board = load_board("generic_m3")
    folders = tmp_path / "a", tmp_path / "somewhere" / "else"

    first, second = (
        build_sources(MODEL, board, folder, toolchain=toolchain).elf.read_bytes()
        for folder in folders
    )

    assert first == second
    assert str(tmp_path).encode() not in first


def test_nothing_is_float_or_heap_or_stdio(toolchain: Toolchain, tmp_path: Path) -> None:
    image = build_sources(MODEL, load_board("generic_m0"), tmp_path, toolchain=toolchain)

    wrong = ("malloc", "printf", "__aeabi_f", "__aeabi_d", "__aeabi_i2f", "__aeabi_i2d")
    assert [name for name in image.symbols if name.startswith(wrong)] == []


def test_a_board_too_small_is_told_by_how_many_bytes(toolchain: Toolchain, tmp_path: Path) -> None:
    board = load_board("generic_m3")
    image = build_sources(MODEL, board, tmp_path / "fits", toolchain=toolchain)
    need_ram = image.ram_bytes + board.stack_bytes
    exact = msgspec.structs.replace(
        board, flash_bytes=image.flash_bytes + 3 & ~3, ram_bytes=need_ram + 3 & ~3
    )
    small = msgspec.structs.replace(exact, flash_bytes=2048, ram_bytes=exact.ram_bytes - 256)

    build_sources(MODEL, exact, tmp_path / "exact", toolchain=toolchain)
    with pytest.raises(BoardError) as caught:
        build_sources(MODEL, small, tmp_path / "small", toolchain=toolchain)

    said = str(caught.value)
    assert "flash is" in said
    assert f"{exact.flash_bytes - 2048} bytes too small (it has 2048)" in said
    assert f"RAM is 256 bytes too small (it has {small.ram_bytes})" in said
    assert list((tmp_path / "small").glob("*.elf*")) == []


def test_a_stack_too_small_is_refused(any_toolchain: Toolchain, tmp_path: Path) -> None:
    board = msgspec.structs.replace(load_board("generic_m3"), stack_bytes=256)
    deep = changed_model(
        tmp_path / "deep",
        "state->work = in->count;",
        "volatile uint8_t deep[1000]; deep[in->count] = 1; state->work = in->count;",
    )

    with pytest.raises(BoardError, match=r"stack can grow to 1[0-9]{3} bytes.*'stack_bytes'"):
        build_sources(deep, board, tmp_path / "out", toolchain=any_toolchain)
    assert list((tmp_path / "out").glob("*.elf*")) == []


def test_a_table_in_ram_is_refused(toolchain: Toolchain, tmp_path: Path) -> None:
    model = changed_model(
        tmp_path / "ram",
        "static const int16_t tsnn_tiny_v_init[TSNN_TINY_N_OUT] =",
        "int16_t tsnn_tiny_v_init[TSNN_TINY_N_OUT] =",
    )

    with pytest.raises(BuildError, match=r"'tsnn_tiny_v_init' .* lies in RAM"):
        build_sources(model, load_board("generic_m3"), tmp_path / "out", toolchain=toolchain)


def test_a_frame_too_short_is_refused(any_toolchain: Toolchain, tmp_path: Path) -> None:
    model = changed_model(
        tmp_path / "short", "TSNN_IMAGE_MAX_PAYLOAD 256", "TSNN_IMAGE_MAX_PAYLOAD 255"
    )

    with pytest.raises(BuildError, match="tsnn_max_payload is 255"):
        build_sources(model, load_board("generic_m3"), tmp_path / "out", toolchain=any_toolchain)


def test_the_compilers_first_error_is_told(toolchain: Toolchain, tmp_path: Path) -> None:
    model = changed_model(tmp_path / "bad", "state->ticks++;", "state->tocks++;")

    with pytest.raises(BuildError, match=r"model/tsnn_tiny.c(.|\n)*tocks"):
        build_sources(model, load_board("generic_m3"), tmp_path / "out", toolchain=toolchain)


def test_a_missing_function_is_told(toolchain: Toolchain, tmp_path: Path) -> None:
    model = changed_model(
        tmp_path / "bad", "state->ticks++;", "extern void lost(void); lost(); state->ticks++;"
    )

    with pytest.raises(BuildError, match="lost"):
        build_sources(model, load_board("generic_m3"), tmp_path / "out", toolchain=toolchain)


def test_a_folder_without_an_image_is_refused(any_toolchain: Toolchain, tmp_path: Path) -> None:
    board = load_board("generic_m3")
    with pytest.raises(BuildError, match="no such folder"):
        build_sources(tmp_path / "no", board, tmp_path / "out", toolchain=any_toolchain)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BuildError, match=r"no tsnn_image\.c"):
        build_sources(tmp_path / "empty", board, tmp_path / "out", toolchain=any_toolchain)


def test_a_model_that_is_gone_leaves_the_build(any_toolchain: Toolchain, tmp_path: Path) -> None:
    board, out = load_board("generic_m3"), tmp_path / "out"
    broken = changed_model(tmp_path / "broken", "TSNN_OK", "TSNN_OK")
    (broken / "tsnn_more.c").write_text("typedef int tsnn_more_t;\n")
    build_sources(broken, board, out, toolchain=any_toolchain)

    build_sources(MODEL, board, out, toolchain=any_toolchain)

    assert not (out / "model" / "tsnn_more.c").exists()


@pytest.mark.parametrize("core", CORES)
def test_frames_are_those_that_gcc_reports(gcc: Toolchain, core: str, tmp_path: Path) -> None:
    board = load_board(f"generic_{core}")
    image = build_sources(MODEL, board, tmp_path, toolchain=gcc)
    frames = {f.name: measure(f).bytes for f in ElfView(image.elf).functions()}
    flags = ["-std=c11", "-fomit-frame-pointer", "-fno-common", *gcc.target_flags(board.core)]
    harness = sorted((tmp_path / "firmware" / "src").glob("*.c"))
    checked = 0
    for source in [*harness, MODEL / "tsnn_tiny.c"]:
        includes = [f"-I{tmp_path / name}" for name in ("firmware/include", "model", "board")]
        output = tmp_path / "su" / source.name
        output.parent.mkdir(exist_ok=True)
        level = SMALL if source in harness else "-O2"
        command = [*gcc.command, *flags, level, *includes, "-fstack-usage", "-c", str(source)]
        subprocess.run([*command, "-o", str(output)], check=True)
        for line in output.with_suffix(".su").read_text().splitlines():
            place, size, kind = line.split("\t")
            name = place.split(":")[-1]
            assert kind == "static"
            if name in frames:
                assert int(size) <= frames[name] <= int(size) + 40
                checked += 1
    assert checked > 15


def test_toolchains_are_found_by_name_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolMissing, match="no toolchain 'armcc'"):
        find_toolchain("armcc")
    monkeypatch.setenv("TINYSNN_GCC", "/no/such/gcc")
    with pytest.raises(ToolMissing, match=r"no ARM compiler is here .gcc"):
        find_toolchain("gcc")
    if have("zig"):
        assert find_toolchain().name == "zig"


@pytest.mark.host
@pytest.mark.parametrize("sanitize", [False, True])
@pytest.mark.parametrize("cc", ["cc", "clang"])
def test_the_host_library_has_the_models(cc: str, sanitize: bool, tmp_path: Path) -> None:
    need(cc)
    library = ctypes.CDLL(str(build_host(MODEL, tmp_path, sanitize=sanitize, cc=cc)))

    assert ctypes.c_uint32.in_dll(library, "tsnn_slot_count").value == 3
    first_slot = ctypes.c_void_p.in_dll(library, "tsnn_slots")
    assert first_slot.value
    library.tsnn_crc32.restype = ctypes.c_uint32
    crc = library.tsnn_crc32(ctypes.c_uint32(0), b"tinysnn", ctypes.c_size_t(7))
    assert crc == zlib.crc32(b"tinysnn")


@pytest.fixture
def with_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that calls a kernel in C, which calls one in assembly where there is one."""
    firmware = shutil.copytree(firmware_dir(), tmp_path / "firmware")
    for module in ("build_folder", "firmware_sources"):
        monkeypatch.setattr(f"tinysnn.{module}.firmware_dir", lambda: firmware)
    kernels = firmware / "src" / "kernels"
    kernels.mkdir(exist_ok=True)
    (kernels / "same_stem.S").write_text(
        "    .syntax unified\n    .thumb\n    .text\n    .global trial_five\n"
        "    .type trial_five, %function\n    .thumb_func\ntrial_five:\n    movs r0, #5\n"
        "    bx lr\n    .size trial_five, . - trial_five\n"
    )
    (kernels / "same_stem.c").write_text(
        "#if defined(__arm__)\nextern int trial_five(void);\n#else\n"
        "static int trial_five(void) { return 5; }\n#endif\n"
        "int trial_kernel(void);\nint trial_kernel(void) { return trial_five(); }\n"
    )
    return changed_model(
        tmp_path / "calls",
        "state->ticks++;",
        "extern int trial_kernel(void); state->ticks += trial_kernel() == 5;",
    )


def test_kernels_in_c_and_assembly_are_linked(
    toolchain: Toolchain, with_kernels: Path, tmp_path: Path
) -> None:
    board = load_board("generic_m0")
    image = build_sources(with_kernels, board, tmp_path / "out", toolchain=toolchain)

    assert image.symbols["trial_five"].size == 4


@pytest.mark.host
def test_the_host_gets_the_kernels_in_c(with_kernels: Path, tmp_path: Path) -> None:
    need("cc")
    library = ctypes.CDLL(str(build_host(with_kernels, tmp_path / "library")))

    assert library.trial_kernel() == 5
    assert build_host_server(with_kernels, tmp_path / "server").is_file()


@pytest.mark.host
def test_the_host_compiler_is_named_if_it_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="no-such-cc"):
        build_host(MODEL, tmp_path, cc="no-such-cc")


def test_firmware_names_no_board() -> None:
    ids = [board.id for board in list_boards()]
    for path in firmware_dir().rglob("*.[ch]"):
        text = path.read_text()
        assert [name for name in ids if name in text] == []
