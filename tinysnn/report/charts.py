"""The charts of a report, drawn by matplotlib and embedded as SVG."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tinysnn.errors import ToolMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#2f6690", "#d1793b", "#4f8f5b", "#a3547f", "#8a7a3f", "#5c6f82", "#b0493f", "#3d8d95")
GREY = "#8b949e"
WIDTH = 9.6
"""Inches of a chart that fills the page."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tinysnn",
    "text.parse_math": False,  # names are the user's: a $ is no formula
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": "#24292f",
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "xtick.color": "#57606a",
    "ytick.color": "#57606a",
    "legend.frameon": False,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw within it: one look for all charts.

    Raises
    ------
    ToolMissing: matplotlib is not installed.

    """
    try:
        import matplotlib as mpl
    except ImportError:
        raise ToolMissing(
            "reports need matplotlib", fix="pip install 'tinysnn[report]' (or matplotlib)"
        ) from None
    with mpl.rc_context(_STYLE):
        yield


def new(height: float, width: float = WIDTH) -> Figure:
    """An empty figure in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def as_uri(figure: Figure) -> str:
    """The figure as a ``data:`` address: an SVG that holds everything it needs."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, dpi=150)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def bars(
    axes: Axes, values: Mapping[str, float], colours: Sequence[str], texts: Sequence[str]
) -> None:
    """Horizontal bars with a text each, the first on top."""
    places = np.arange(len(values))[::-1]
    axes.barh(places, list(values.values()), color=list(colours), height=0.7)
    axes.set_yticks(places, list(values))
    top = max([*values.values(), 1e-12])
    for place, value, text in zip(places, values.values(), texts, strict=True):
        axes.text(value + top * 0.01, place, text, va="center", fontsize=8, color="#24292f")
    axes.set_xlim(0, top * 1.18)
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)


def stacked(axes: Axes, rows: dict[str, dict[str, int]], colours: Mapping[str, str]) -> None:
    """One horizontal bar per row, cut into parts; texts where a part is wide enough."""
    total = max(sum(parts.values()) for parts in rows.values())
    for place, parts in enumerate(reversed(rows.values())):
        left = 0
        for name, value in parts.items():
            axes.barh(place, value, left=left, color=colours[name], height=0.6)
            if value > 0.07 * total:
                axes.text(left + value / 2, place, f"{value:,.0f}", ha="center", va="center",
                          color="white", fontsize=8)  # fmt: skip
            left += value
        axes.text(left + total * 0.008, place, f"{left:,.0f}", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), list(reversed(rows)))
    axes.set_xlim(0, total * 1.12)
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)
