"""Building blocks for packers, for the offline optimiser; `docs/ingredients.md` has the format.

A function whose name starts with `_` is a piece: the statements of its body are inserted where the names it takes
exist, a line `...` is a gap that other pieces fill, and its words are compared with the classes of failures.
"""


def density(value, weight):
    """What an item is worth for its weight."""
    return value / weight


def _sort_by_score(order, weights, values):
    """Score each item and put the highest first."""
    scored = []
    for item in order:
        score = 0
        ...
        scored.append((score, item))
    order = [item for score, item in sorted(scored, reverse=True)]


def _prefer_light(score, weights, item):
    """Room for more."""
    score -= weights[item]


def _prefer_valuable(score, values, item):
    """Against a short value."""
    score += values[item]


def _prefer_dense(score, values, weights, item):
    """Against a short value: what an item is worth for its weight."""
    score += density(values[item], weights[item])


def _leave_out_poor(values, weights, item):
    """Leave out what is not worth its weight."""
    if density(values[item], weights[item]) < 0.5:
        continue


def _leave_out_heavy(weights, item, room):
    """Leave out what takes most of the room."""
    if weights[item] > 0.9 * room:
        continue
