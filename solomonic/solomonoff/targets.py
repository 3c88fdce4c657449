"""Target strings as a trie, so that one walk serves them all.

A node is a prefix that some target shares; the walk keeps the node of what was printed so far. A leaf of the input tree at node v ended after
exactly |v| symbols, all right for every target below v; so its mass is stored once, at v, and belongs to each of them. The class counts of a
target are sums along its path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..errors import InputError

Bits = tuple[int, ...]
MOST_NODES: Final = 1 << 20


@dataclass(slots=True)
class Trie:
    """A growing trie of bit strings: `children` (nodes, 2), -1 where there is none; `marked`: node -> row of the shortest programs kept for it."""

    children: list[list[int]] = field(default_factory=lambda: [[-1, -1]])
    marked: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.children)

    def add(self, bits: Iterable[int], *, start: int = 0, mark: bool = False) -> list[int]:
        """Return the nodes along a string, the one at which it starts included; `mark`: keep the shortest programs that print it.

        Raises:
            InputError: the trie grows past MOST_NODES.
        """
        path = [start]
        children = self.children
        for bit in bits:
            node = children[path[-1]][bit]
            if node < 0:
                node = len(children)
                if node >= MOST_NODES:
                    raise InputError(f"the targets have more than {MOST_NODES:,} symbols in all; give fewer or shorter ones")
                children[path[-1]][bit] = node
                children.append([-1, -1])
            path.append(node)
        if mark:
            self.marked.setdefault(path[-1], len(self.marked))
        return path

    def height(self) -> int:
        """Return the length of the longest string."""
        depth = [0] * len(self.children)
        for node, pair in enumerate(self.children):
            for child in pair:
                if child >= 0:
                    depth[child] = depth[node] + 1
        return max(depth)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the children int64 (nodes, 2), and for each node the row of its shortest programs int64 (nodes,), -1 where none are kept."""
        marks = np.full(len(self.children), -1, dtype=np.int64)
        for node, row in self.marked.items():
            marks[node] = row
        return np.array(self.children, dtype=np.int64), marks


def all_strings(length: int) -> list[Bits]:
    """Return every bit string of this length, in order."""
    return [tuple(value >> (length - 1 - i) & 1 for i in range(length)) for value in range(1 << length)]


def checked_bits(bits: Sequence[int] | np.ndarray, limit: int = MOST_NODES - 1) -> Bits:
    """Return a target as a tuple of 0 and 1.

    Raises:
        InputError: something in it is no bit, or it is too long.
    """
    if len(bits) > limit:
        raise InputError(f"the target has {len(bits):,} symbols; the limit walks at most {limit:,}: give a shorter one, or its last part")
    for place, bit in enumerate(bits):
        if bit not in (0, 1):
            raise InputError(f"symbol {bit!r} at place {place} is not a bit; give 0 and 1, or name the alphabet and let it be coded")
    return tuple(int(bit) for bit in bits)
