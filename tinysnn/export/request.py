"""What an export is asked for, and the facts that all its templates share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinysnn import __version__
from tinysnn.boards import Board
from tinysnn.emit import environment, render, tidy
from tinysnn.errors import OptionError
from tinysnn.paths import license_file
from tinysnn.views.layer import model_prefix
from tinysnn.views.row_options import AUTO, RowOptions

if TYPE_CHECKING:
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus

PORTABLE_CORE = "cortex-m3"
"""Emitting for this core gives C that any compiler takes, without assembly."""


IMAGE = "model/tsnn_image.c"
"""Memory of all models, for the server: who calls a model brings its own."""


@dataclass(frozen=True)
class Request:
    """Models and what they shall run on."""

    packs: tuple[Pack, ...]
    board: Board | None = None
    core: str | None = None
    """Core that kernels are chosen for, where no board says it; None: C for any processor."""
    rows: RowOptions = AUTO
    clips: tuple[Stimulus, ...] = ()
    """Input for the project's own test of the first model; random spikes if there is none."""
    offline: bool = False
    """PlatformIO: bring everything that its registry would provide."""
    pio_board: str = ""
    """PlatformIO: ``PLATFORM/BOARD`` in its own words, for boards that tinysnn does not know."""

    def __post_init__(self) -> None:
        if self.board is not None and self.core is not None:
            raise OptionError(
                "--core and --board are both given", fix="A board has its core: leave --core out."
            )
        if self.pio_board and not re.fullmatch(r"\w[\w.+-]*/\w[\w.+-]*", self.pio_board):
            raise OptionError(
                f"'{self.pio_board}' is not PLATFORM/BOARD",
                where="--board",
                fix="Such as espressif32/esp32dev: PlatformIO's own names.",
            )

    @property
    def target_core(self) -> str:
        """The core to emit for."""
        return self.board.core if self.board else self.core or PORTABLE_CORE


@dataclass(frozen=True)
class ModelFacts:
    """A model as texts of an export name it."""

    name: str
    prefix: str
    upper: str
    digest_short: str
    n_in: int
    n_out: int
    graded: bool
    fires: bool


@dataclass(frozen=True)
class ProjectView:
    """What every template of an export sees as ``p``."""

    generator: str
    models: tuple[ModelFacts, ...]
    names: str
    """Of the models, for sentences."""
    core: str
    board_id: str
    """Empty: no board."""
    board_name: str
    baud: int

    @property
    def first(self) -> ModelFacts:
        """The model of slot 0."""
        return self.models[0]


def project_view(request: Request, *, board_id: str = "", baud: int = 115200) -> ProjectView:
    """Facts of a request; `board_id` and `baud` where the request has no board."""
    board = request.board
    models = tuple(
        ModelFacts(
            name=pack.name,
            prefix=model_prefix(pack),
            upper=model_prefix(pack).upper(),
            digest_short=pack.digest[:16],
            n_in=pack.meta.n_in,
            n_out=pack.n_out,
            graded=pack.graded_input,
            fires=pack.output_layer.spec.fires,
        )
        for pack in request.packs
    )
    return ProjectView(
        generator=__version__,
        models=models,
        names=", ".join(model.name for model in models),
        core=request.target_core,
        board_id=board.id if board else board_id,
        board_name=board.name if board else board_id,
        baud=board.uart.baud if board else baud,
    )


def model_files(request: Request, folder: str) -> dict[str, str]:
    """The generated C (and assembly) of the models, by path."""
    texts = render(request.packs, core=request.target_core, options=request.rows)
    return {f"{folder}{name}": text for name, text in texts.items()}


def fill(template: str, view: ProjectView, **more: object) -> str:
    """A template of ``templates/project`` filled in; `more` are names beside ``p``."""
    text = environment().get_template(f"project/{template}.jinja").render(p=view, **more)
    # Python wants two empty lines where tidying C leaves one.
    return text.strip("\n") + "\n" if template.endswith(".py") else tidy(text)


def license_text() -> str:
    """The licence that goes with every export."""
    return license_file().read_text(encoding="utf-8")
