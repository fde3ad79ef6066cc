from random import Random


def layout(rng):
    """Where the circles begin: [x, y, radius] each."""
    grid = []
    for number in range(26):
        grid.append([(number % 6 + 0.5) / 6, (number // 6 + 0.5) / 6, 1 / 12 - 1e-12])
    return grid


def improve(circles, rng):
    """Changes the circles in place."""


def pack(seed):
    rng = Random(seed)
    packing = layout(rng)
    improve(packing, rng)
    return packing
