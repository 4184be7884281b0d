"""Instructions per tick may not rise unnoticed: counts are exact and the same on every machine."""

from __future__ import annotations

import pytest

from benchmarks import gate
from benchmarks.networks import PLANS
from tests.tools import need


@pytest.mark.emu
@pytest.mark.parametrize("core", gate.CORES)
def test_no_network_takes_more_instructions_than_the_table_says(core):
    need("gcc-arm")
    need("unicorn")
    toolchain, maximum = gate.load_table()

    measured = gate.measure(core)

    allowed = gate.tolerance(toolchain, measured.toolchain)
    problems = gate.exceeded(measured.instructions, maximum, allowed)
    assert not problems, "\n".join([*problems, gate.HOW_TO_UPDATE])


def test_the_table_has_every_case_and_no_other():
    _, maximum = gate.load_table()

    assert len(maximum) == len(PLANS) * 4 * len(gate.CORES) * 2
    assert all(count > 0 for count in maximum.values())


def test_what_is_above_the_tolerance_is_named():
    maximum = {"a": 1000.0, "b": 1000.0}

    problems = gate.exceeded({"a": 1020.0, "b": 1021.0}, maximum, gate.TOLERANCE)

    assert problems == ["b: 1,021.0 instructions per tick, 2.1 % above 1,000.0"]


def test_a_case_that_is_not_in_the_table_is_named():
    assert gate.exceeded({"new": 1.0}, {}, gate.TOLERANCE) == [
        "new: 1.0 instructions per tick, and not in the table"
    ]


def test_another_compiler_has_more_room_but_not_all():
    same = gate.tolerance("arm-none-eabi-gcc 12.2.1", "arm-none-eabi-gcc 12.2.1")
    other = gate.tolerance("arm-none-eabi-gcc 12.2.1", "arm-none-eabi-gcc 13.2.1")

    assert same == 0.02
    assert same < other < 0.5
