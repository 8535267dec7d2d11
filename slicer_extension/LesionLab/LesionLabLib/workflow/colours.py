"""Colours and names of new lesions."""

from __future__ import annotations

import re

from .state import Colour, Lesion

#: Told apart on grey images, also by most people who see red and green alike; after Okabe and Ito, and lighter ones of the same.
PALETTE: tuple[Colour, ...] = (
    (0.90, 0.62, 0.00),
    (0.34, 0.71, 0.91),
    (0.00, 0.62, 0.45),
    (0.94, 0.89, 0.26),
    (0.84, 0.37, 0.00),
    (0.80, 0.47, 0.65),
    (0.20, 0.55, 0.85),
    (0.60, 0.85, 0.55),
)


def next_number(lesions: tuple[Lesion, ...]) -> int:
    """One more than the highest number in a lesion's name."""
    numbers = [int(found.group()) for lesion in lesions if (found := re.search(r"\d+$", lesion.name)) is not None]
    return max([*numbers, len(lesions)]) + 1


def colour(number: int) -> Colour:
    """The colour of the lesion of that number, from 1."""
    return PALETTE[(number - 1) % len(PALETTE)]
