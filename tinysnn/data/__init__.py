"""Recordings for the examples and the demo: where they come from and how they are split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinysnn.data.keyword import KeywordClips, keyword_clips

__all__ = ["KeywordClips", "keyword_clips"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that `tinysnn --help` does not wait for numpy."""
    if name in __all__:
        from tinysnn.data import keyword

        return getattr(keyword, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
