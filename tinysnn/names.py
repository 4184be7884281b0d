"""Every C identifier and file name that is made of something a user wrote."""

from __future__ import annotations

import re

MAX_NAME = 32

_C_WORDS = frozenset(
    """
    alignas alignof and and_eq asm atomic auto bitand bitor bool break case catch char class
    compl concept const constexpr continue decltype default delete do double else enum explicit
    export extern false float for friend goto if inline int long mutable namespace new noexcept
    not not_eq nullptr operator or or_eq private protected public register requires restrict
    return short signed sizeof static struct switch template this thread_local throw true try
    typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
    image kernel learn store
    """.split()  # noqa: SIM905  # a list of words reads better as a text
)
"""Words of C and C++, and names the firmware takes for itself (image, kernel, learn, store)."""


def is_model_name(name: str) -> bool:
    """Whether a text can name a model: [a-z][a-z0-9_]*, at most 32 long, no word of C or C++."""
    fits = re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None
    return fits and len(name) <= MAX_NAME and name not in _C_WORDS


def model_name(text: str) -> str:
    """The model name nearest to any text: 'My Net-2' gives 'my_net_2'."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:MAX_NAME].rstrip("_")
    if not name or not name[0].isalpha():
        name = f"m_{name}"[:MAX_NAME].rstrip("_")
    return name if is_model_name(name) else f"{name}_model"[:MAX_NAME]
