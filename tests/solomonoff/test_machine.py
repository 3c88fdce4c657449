"""The machine as specified: class counts, program text in both directions, the tracer, and the known programs."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.errors import InputError
from solomonic.solomonoff import Fate, decode, encode, leaves, masses, output, run, trace
from solomonic.tasks.generators import GENERATORS

KNOWN = {
    "zeros": ".]",
    "alternating": ".!]",
    "thue_morse": ".?![>!.?.<]",
    "fibonacci_word": "[.?!].!]",
    "period_doubling": ">.<?!.]",
    "paperfolding": ">!.<?.]",
    "zero_k_one": ">!.[<]?!]",
    "powers_of_two": ".>!.[?]!<?]",
}


def counts(target: list[int], length: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for (fate, _), mass in masses(target, length).items():
        found[fate.value] += mass
    return found


def test_class_counts_of_the_specification() -> None:
    assert counts([0, 1, 0, 1], 9) == Counter(acc=1, mis=46, dead=206, ul=233, us=26)
    assert counts([0, 0, 1, 0], 14) == Counter(acc=6, mis=1869, dead=7562, ul=5963, us=984)


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_program_prints_its_sequence(name: str) -> None:
    assert output(KNOWN[name], 256, steps=4000) == GENERATORS[name](256)


@pytest.mark.parametrize("program", [*KNOWN.values(), ",0.]", ",1.,0.", ">,1[.]", "?", "]"])
def test_text_and_bits_are_inverse(program: str) -> None:
    assert decode(encode(program)) == program


@given(st.text("01", min_size=1, max_size=24))
def test_what_a_machine_read_spells_the_program_that_reads_it(bits: str) -> None:
    leaf = run(bits, [0] * 3)
    assert encode(leaf.program) == leaf.bits
    assert bits.startswith(leaf.bits)


@given(st.lists(st.integers(0, 1), max_size=4), st.integers(0, 9))
def test_leaves_are_a_partition(target: list[int], length: int) -> None:
    assert sum(1 << (length - len(leaf.bits)) for leaf in leaves(target, length)) == 1 << length


def test_the_empty_target_is_accepted_at_the_root() -> None:
    assert run("", []).fate is Fate.ACC
    assert masses([], 5) == {(Fate.ACC, 0): 32}


def test_recall_with_nothing_to_read_is_dead() -> None:
    assert run(encode("?"), [0]).fate is Fate.DEAD


def test_the_outer_loop_keeps_the_tape() -> None:
    assert output("!.]", 4) == (1, 0, 1, 0)


def test_a_branch_is_read_when_it_is_first_taken() -> None:
    # `[` at a 0 goes past; the flip and the outer loop bring it back at a 1, and only then is the body read.
    leaf = run(encode("[!].]"), [1, 1, 1])
    assert leaf.fate is Fate.ACC
    assert leaf.program == "[!].]"


def test_trace_shows_each_step() -> None:
    steps = list(trace(",1.]", steps=5))
    assert [step.op for step in steps] == [",", ".", "]"]
    assert steps[0].read == "1101"
    assert steps[1].output == "1"
    assert str(steps[0]).count("(1)") == 1


def test_order_input_before_steps() -> None:
    assert run("", [0], steps=1).fate is Fate.UL
    assert run(encode(">"), [0], steps=1).fate is Fate.UL
    assert run(encode(">>"), [0], steps=1).fate is Fate.UT
    assert run(encode(">") + "110", [0], steps=1).fate is Fate.UL


@pytest.mark.parametrize("program", ["x", ". ]", "2"])
def test_a_strange_letter_is_one_clear_line(program: str) -> None:
    with pytest.raises(InputError, match="programs are written with"):
        encode(program)


def test_bits_beyond_a_program_are_refused() -> None:
    with pytest.raises(InputError, match="and no more"):
        decode(encode("?") + "000")
