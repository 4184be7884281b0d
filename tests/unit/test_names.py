"""Names: anything a user writes becomes a C identifier, or is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysnn.names import MAX_NAME, is_model_name, model_name


@given(st.text(max_size=80))
def test_any_text_becomes_a_model_name(text):
    name = model_name(text)
    assert is_model_name(name)
    assert len(name) <= MAX_NAME
    assert model_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My Net-2", "my_net_2"),
        ("keyword", "keyword"),
        ("", "m"),
        ("7up", "m_7up"),
        ("---", "m"),
        ("while", "while_model"),
        ("a" * 50, "a" * MAX_NAME),
        ("ÜBER", "ber"),
        ("a" * 31 + "-b", "a" * 31),
        ("image", "image_model"),
    ],
)
def test_names_by_hand(text, name):
    assert model_name(text) == name


@pytest.mark.parametrize(
    "name",
    ["", "A", "7", "_a", "a-b", "a b", "int", "class", "nullptr", "kernel", "a" * 33, "a\n", "é"],
)
def test_what_is_no_model_name(name):
    assert not is_model_name(name)
