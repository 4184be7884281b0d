"""Deploys trained spiking neural networks on Cortex-M microcontrollers.

The names below are the public interface; every other module is internal. They are imported when
they are first used, so that `import tinysnn` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinysnn.build import build as build_image
    from tinysnn.emit import emit as emit_c
    from tinysnn.errors import TinysnnError
    from tinysnn.load import load_network
    from tinysnn.lower import lower as lower_network
    from tinysnn.pack_file import load as load_pack
    from tinysnn.pack_file import save as save_pack
    from tinysnn.quantise import quantise as quantise_graph
    from tinysnn.reference import run as run_reference
    from tinysnn.run import open_runner
    from tinysnn.verify import verify as verify_pack

__version__ = "0.1.0"

# A public name differs from the module it comes from: importing tinysnn.lower would otherwise
# put the module in the place of the function.
_EXPORTS = {
    "load_network": ("tinysnn.load", "load_network"),
    "lower_network": ("tinysnn.lower", "lower"),
    "quantise_graph": ("tinysnn.quantise", "quantise"),
    "save_pack": ("tinysnn.pack_file", "save"),
    "load_pack": ("tinysnn.pack_file", "load"),
    "run_reference": ("tinysnn.reference", "run"),
    "emit_c": ("tinysnn.emit", "emit"),
    "build_image": ("tinysnn.build", "build"),
    "open_runner": ("tinysnn.run", "open_runner"),
    "verify_pack": ("tinysnn.verify", "verify"),
    "TinysnnError": ("tinysnn.errors", "TinysnnError"),
}

__all__ = [
    "load_network",
    "lower_network",
    "quantise_graph",
    "save_pack",
    "load_pack",
    "run_reference",
    "emit_c",
    "build_image",
    "open_runner",
    "verify_pack",
    "TinysnnError",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _EXPORTS[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, the lazy ones included."""
    return sorted([*__all__, "__version__"])
