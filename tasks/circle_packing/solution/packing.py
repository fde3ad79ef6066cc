from random import Random


def improve(circles, rng):
    """Changes the circles, [x, y, radius] each, in place."""


def pack(seed):
    rng = Random(seed)
    circles = []
    for number in range(26):
        circles.append([(number % 6 + 0.5) / 6, (number // 6 + 0.5) / 6, 1 / 12 - 1e-12])
    improve(circles, rng)
    return circles
