"""`tinysnn listen`: sound from a file or a microphone to a device, words back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.runner_options import runner_options
from tinysnn.cli.screen import json_option, write_json
from tinysnn.cli.serial_options import serial_line, serial_options
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.listen import Heard, Samples

METER_STEPS = 20
LIVE_BAUD = 400_000
"""50 requests of 660 bytes and their answers a second, 10 bits a byte."""


@click.command(short_help="Words from a microphone or a WAV file, heard on a device.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--wav", type=click.Path(path_type=Path), help="Mono 16-bit WAV or FLAC at 16 kHz.")
@click.option("--microphone", is_flag=True, help="Listen to this machine's microphone.")
@click.option("--device", help="Which microphone: its number or a part of its name.")
@click.option("--seconds", type=click.FloatRange(0.02), help="Stop after so much sound.")
@runner_options
@serial_options
@json_option
def listen(
    pack: Path,
    *,
    wav: Path | None,
    microphone: bool,
    device: str | None,
    seconds: float | None,
    runner: str,
    board: str | None,
    toolchain: str | None,
    port: str | None,
    baud: int | None,
    flash_it: bool,
    json_file: str | None,
) -> None:
    """Stream sound to a device and print the words that it hears.

    Front end, network and decision run on the device; the time is that of the sound it had taken.
    Confidence is the lead over the next word in multiples of the threshold. Ctrl-C ends it.
    With --json - every word is a line of JSON.

    \b
    tinysnn listen keyword.tsnn --wav speech.wav
    tinysnn listen keyword.tsnn --microphone --on host
    tinysnn listen keyword.tsnn --wav speech.wav --on qemu --board microbit --json -
    tinysnn listen keyword.tsnn --microphone --on serial --board fast_nucleo.toml --flash
    """
    from tinysnn.deploy import deployed, pick_board
    from tinysnn.listen import ear_of
    from tinysnn.listen import listen as heard_by
    from tinysnn.pack_file import load

    if microphone == (wav is not None):
        raise OptionError(
            "no sound is named, or two are", fix="Give either --wav FILE or --microphone."
        )
    if device is not None and not microphone:
        raise OptionError("--device is for --microphone", fix="Leave it out.")
    line = serial_line(runner, port=port, baud=baud, flash_it=flash_it)
    loaded, target = load(pack), pick_board(runner, board)
    ear_of(loaded)
    if microphone and target is not None and runner == "serial":
        _check_rate(baud or target.uart.baud)
    meter = _Meter()
    sound = meter.watched(_sound(wav, device, seconds, meter.lose))
    found: list[dict[str, Any]] = []
    options = {"runner": runner, "line": line, "toolchain": toolchain}
    with deployed([loaded], board=target, **options) as opened:  # type: ignore[arg-type]
        try:
            for heard in heard_by(loaded, opened.listener(), sound):
                meter.clear()
                found.append(asdict(heard))
                _show(heard, as_json=json_file == "-")
        except KeyboardInterrupt:
            meter.clear()
        info = opened.info
    meter.clear()
    if json_file == "-":
        return
    result = {"words": found, "seconds": meter.seconds, "lost": meter.lost}
    write_json({**result, "runner": info.runner, "board": info.board}, json_file)
    said = f"{len(found)} words in {meter.seconds:.1f} s"
    lost = f", {meter.lost} times sound was lost: the device is too slow" if meter.lost else ""
    click.echo(f"{said} ({info.runner}, {info.board}){lost}", err=True)


def _check_rate(baud: int) -> None:
    """Refuse a line that cannot carry sound as fast as a microphone gives it."""
    if baud < LIVE_BAUD:
        raise OptionError(
            f"{baud} baud carry {baud / LIVE_BAUD:.0%} of the sound of a microphone",
            where="--baud",
            fix=f"Build the firmware for {LIVE_BAUD} baud or more ('baud' in a board file of your "
            "own, boards/README.md), or listen to a file with --wav.",
        )


def _sound(
    wav: Path | None, device: str | None, seconds: float | None, lost: Callable[[], None]
) -> Iterator[Samples]:
    from tinysnn.data.audio import SAMPLE_RATE_HZ, read_sound
    from tinysnn.listen import in_chunks
    from tinysnn.microphone import microphone

    if wav is None:
        return microphone(device, seconds, lost)
    samples = read_sound(wav)
    return in_chunks(samples if seconds is None else samples[: round(seconds * SAMPLE_RATE_HZ)])


def _show(heard: Heard, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(heard)))
    else:
        click.echo(f"{heard.time_s:8.2f} s  {heard.label:<12} {heard.confidence:.1f}")
    sys.stdout.flush()


class _Meter:
    """A line with time and loudness on standard error, where that is a terminal."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.lost = 0
        self._shown = sys.stderr.isatty()

    def lose(self) -> None:
        """Count that samples were lost."""
        self.lost += 1

    def watched(self, sound: Iterator[Samples]) -> Iterator[Samples]:
        """The same sound; shows each chunk as it passes."""
        from tinysnn.data.audio import SAMPLE_RATE_HZ

        for chunk in sound:
            self.seconds = round(self.seconds + chunk.size / SAMPLE_RATE_HZ, 3)
            if self._shown and chunk.size:
                bits = int(abs(chunk.astype("int32")).max()).bit_length()
                bar = "#" * (bits * METER_STEPS // 16)
                click.echo(f"\r{self.seconds:8.1f} s  {bar:<{METER_STEPS}}", nl=False, err=True)
            yield chunk

    def clear(self) -> None:
        """Take the line away before something else is printed."""
        if self._shown:
            click.echo("\r" + " " * (METER_STEPS + 12) + "\r", nl=False, err=True)
