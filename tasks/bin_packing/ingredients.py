"""Building blocks for packing rules, for the offline optimiser.

A function whose name starts with `_` is a piece: the optimiser inserts the statements of its body somewhere into a
function of the solution where the names it mentions exist. Its parameters are the names it expects; a line `...` is a
gap that is filled by other pieces. No piece is a packing rule, and the numbers in them are round ones to start from.
"""


def _whole_fill(score, gap):
    """A bin that becomes full."""
    if gap == 0:
        score += 10


def _refuse_middling(score, gap):
    """Leave no gap that is neither small nor large."""
    if 5 < gap < 15:
        score -= 100


def _new_bin(score, residual, capacity):
    """What opening a bin costs."""
    if residual == capacity:
        score -= 50


def _large_item(score, item, capacity):
    """Something else for items above a part of the bin."""
    if item > 0.5 * capacity:
        ...


def _small_gap(score, gap, item):
    """Something else where little is left, seen from the item."""
    if gap < 0.2 * item:
        ...


def _wide(score, gap, capacity):
    """Something else where much is left, seen from the bin."""
    if gap > 0.3 * capacity:
        ...


def _bend(score, gap, capacity):
    """Gaps weigh more than in proportion."""
    score -= gap * gap / capacity


def _share(score, gap, item):
    """Gaps weigh in proportion to the item."""
    score -= gap / item


def _inverse(score, gap):
    """The last units of a gap weigh most."""
    score += 10 / (gap + 1)


def _another(score, gap, item):
    """Room for one more of the same size."""
    if gap >= item:
        score += 5


def _lift(score):
    """A constant, for the branches above."""
    score += 20
