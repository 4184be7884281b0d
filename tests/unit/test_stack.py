"""The deepest chain of calls, from frames made by hand."""

from __future__ import annotations

import pytest

from tinysnn.stack import Frame, deepest


def frame(n_bytes: int, *calls: int, indirect: bool = False) -> Frame:
    return Frame(n_bytes, set(calls), indirect=indirect)


def test_a_server_that_is_pointed_to_calls_models_and_not_itself():
    main, server, helper, model, leaf = 1, 2, 3, 4, 5
    frames = {
        main: frame(8, indirect=True),
        server: frame(100, helper),
        helper: frame(10, indirect=True),
        model: frame(40, leaf),
        leaf: frame(7),
    }
    assert deepest(main, frames, frozenset({server, model})) == 8 + 100 + 10 + 40 + 7
    assert deepest(main, frames, frozenset({server})) == 8 + 100 + 10


@pytest.mark.parametrize("unknown", [frame(3, 1), frame(3, 9)], ids=["recursion", "no function"])
def test_what_cannot_be_known_is_not_guessed(unknown: Frame):
    assert deepest(1, {1: frame(8, 2), 2: unknown}, frozenset()) is None
