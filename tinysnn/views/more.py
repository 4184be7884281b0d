"""What neurons do beyond leak, threshold and reset, as C (SPEC.md 1.4 steps 6 to 11)."""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.pack import PackedLayer
from tinysnn.views.table import Tables


@dataclass(frozen=True)
class MoreView:
    """C text of each thing; empty where the layer does not do it."""

    late_reset: str = ""
    """Statement for neurons that fired in the last tick, behind the tick's input."""
    v_min: str = ""
    rho: str = ""
    """Of type uint32_t."""
    jump: str = ""
    refractory: str = ""
    max_spikes: str = ""
    """Of a layer that counts."""
    reset: str = ""
    """Statement for neurons that fire, where it is not that of other layers."""
    words: str = ""
    """The rest of the equation, for the comment above it."""

    @property
    def settles(self) -> bool:
        """Whether a membrane above the threshold may still be waiting for its spike."""
        return bool(self.rho or self.refractory)


def view_more(layer: PackedLayer, tables: Tables, saturate: str) -> MoreView:
    """The view; tables it refers to are added to `tables`."""
    if layer.is_plain:
        return MoreView()
    spec = layer.spec
    reset_to = ""
    if spec.reset_drops_input:
        reset_to = tables.expression("reset_to", layer.reset_to, "membrane after a reset")
    return MoreView(
        late_reset=f"v = {reset_to};" if reset_to else "",
        v_min=_expression(layer, tables, "v_min", "lowest membrane"),
        rho=_unsigned(_expression(layer, tables, "rho", "decay of the adaptation, Q0.16")),
        jump=_expression(layer, tables, "jump", "what a spike adds to the threshold"),
        refractory=_expression(layer, tables, "refractory", "ticks to wait after a spike"),
        max_spikes=str(spec.max_spikes) if spec.counts else "",
        reset=_reset(layer, saturate),
        words=_words(layer),
    )


def _words(layer: PackedLayer) -> str:
    spec = layer.spec
    parts = {
        "theta rises by jump per spike and falls by rho": layer.rho is not None,
        "rests for refractory ticks after a spike": layer.refractory is not None,
        f"up to {spec.max_spikes} spikes at once": spec.counts,
        "a reset drops input": spec.reset_drops_input,
        "not below v_min": layer.v_min is not None,
    }
    return "; ".join(words for words, is_so in parts.items() if is_so)


def _expression(layer: PackedLayer, tables: Tables, name: str, doc: str) -> str:
    values = getattr(layer, name)
    return "" if values is None else tables.expression(name, values, doc)


def _unsigned(expression: str) -> str:
    if not expression or expression.startswith("(int32_t)"):
        return expression.replace("(int32_t)", "(uint32_t)", 1)
    return f"{expression}u"


def _reset(layer: PackedLayer, saturate: str) -> str:
    if layer.spec.counts and layer.spec.reset == "subtract":
        return "v = left;"
    return f"v = {saturate}(v - threshold);" if layer.spec.reset_raised else ""
