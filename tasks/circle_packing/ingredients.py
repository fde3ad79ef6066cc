"""Building blocks for packing circles, for the offline optimiser.

A function whose name starts with `_` is a piece: the optimiser inserts the statements of its body somewhere into a
function of the solution where the names it mentions exist. Its parameters are the names it expects; a line `...` is a
gap that is filled by other pieces; the words of its name and docstring are compared with the classes of failures.
Everything else here is a helper that comes along when a piece mentions it. No piece is a solver, no coordinate and no
radius of a good packing stands here, and the numbers are round ones to start from.
"""

from math import hypot, sqrt

# What is left between circles: checking is exact, and floats are not.
SLACK = 1e-12


def total(discs):
    """The sum of the radii."""
    return sum(circle[2] for circle in discs)


def cut(discs):
    """Moves centres into the square and cuts radii until nothing overlaps; both circles give way alike."""
    for index, one in enumerate(discs):
        one[0] = min(max(one[0], 0.0), 1.0)
        one[1] = min(max(one[1], 0.0), 1.0)
        one[2] = max(0.0, min(one[2], one[0], one[1], 1 - one[0], 1 - one[1]))
        for other in discs[:index]:
            over = one[2] + other[2] - hypot(one[0] - other[0], one[1] - other[1]) + SLACK
            if over > 0:
                share = min(max(over / 2, over - other[2]), one[2])
                one[2] -= share
                other[2] = max(0.0, other[2] - over + share)


def grow(discs):
    """Gives each circle in turn the room that the others leave."""
    for one in discs:
        x, y, _ = one
        room = min(x, y, 1 - x, 1 - y)
        for other in discs:
            if other is not one:
                room = min(room, hypot(x - other[0], y - other[1]) - other[2] - SLACK)
        one[2] = max(0.0, room)


def push(discs, move, give):
    """Moves overlapping circles apart and makes them smaller, both by a part of the overlap."""
    line = sorted(discs)
    for index, one in enumerate(line):
        x, y, radius = one
        for other in line[index + 1 :]:
            right = other[0] - x
            if right > radius + 0.2:
                break
            up = other[1] - y
            reach = radius + other[2]
            square = right * right + up * up
            if square < reach * reach:
                apart = sqrt(square) or SLACK
                over = reach - apart
                step = move * over / apart
                x -= step * right
                y -= step * up
                radius -= give * over
                other[0] += step * right
                other[1] += step * up
                other[2] -= give * over
        one[:] = x, y, radius


def contain(discs, move, give):
    """Moves circles back into the square and makes them smaller, both by a part of what is outside."""
    for circle in discs:
        for axis in (0, 1):
            low = circle[2] - circle[axis]
            high = circle[2] + circle[axis] - 1
            if low > 0:
                circle[axis] += move * low
                circle[2] -= give * low
            if high > 0:
                circle[axis] -= move * high
                circle[2] -= give * high


def _press(circles):
    """Let circles swell step by step between the walls, none of them outside for long."""
    swell = 0.005
    for step in range(400):
        for circle in circles:
            circle[2] += swell
        ...
        contain(circles, 0.5, 0.2)
    cut(circles)
    grow(circles)


def _push(circles):
    """Against overlap."""
    push(circles, 0.2, 0.2)


def _shove(circles):
    """Against overlap, rather apart than smaller."""
    push(circles, 0.5, 0.1)


def _fade(swell, step):
    """Pressure that begins high and goes down."""
    swell = 0.02 * 0.99**step


def _noise(circles, rng, swell):
    """Shake in proportion to the pressure."""
    for circle in circles:
        circle[0] += rng.gauss(0, swell)
        circle[1] += rng.gauss(0, swell)


def _again(packing, rng, layout, improve):
    """From several starts, keep the best."""
    best = packing
    for start in range(3):
        packing = layout(rng)
        improve(packing, rng)
        if total(packing) > total(best):
            best = packing
    packing = best


def _hop(packing, rng, improve):
    """From the best so far with a jolt, keep what is better."""
    best = packing
    for start in range(3):
        packing = [[x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1), 0.03] for x, y, _ in best]
        improve(packing, rng)
        if total(packing) > total(best):
            best = packing
    packing = best


def _climb(circles, rng):
    """Many small changes, each kept only where it helps."""
    size = 0.05
    for step in range(50):
        before = [list(circle) for circle in circles]
        ...
        cut(circles)
        grow(circles)
        if total(circles) < total(before):
            circles[:] = before


def _nudge(circles, rng, size):
    """Move one circle a little."""
    circle = rng.choice(circles)
    circle[0] += rng.gauss(0, size)
    circle[1] += rng.gauss(0, size)


def _shorten(size):
    """Smaller and smaller steps."""
    size *= 0.98


def _jitter(circles, rng):
    """Every circle a little elsewhere."""
    for circle in circles:
        circle[0] += rng.gauss(0, 0.02)
        circle[1] += rng.gauss(0, 0.02)


def _stagger(grid, number):
    """Shift every other row sideways."""
    if number // 6 % 2:
        grid[-1][0] += 0.04


def _askew(grid, rng):
    """No circle quite where it was."""
    grid[-1][0] += rng.gauss(0, 0.02)
    grid[-1][1] += rng.gauss(0, 0.02)


def _anywhere(grid, rng):
    """No grid at all."""
    grid[-1][:] = rng.random(), rng.random(), 0.03


def _deflate(circles, rng):
    """Smaller circles have room to move."""
    for circle in circles:
        circle[2] *= rng.uniform(0.5, 1.0)


def _move_smallest(circles, rng):
    """The smallest circle goes elsewhere."""
    smallest = min(circles, key=lambda circle: circle[2])
    smallest[:] = rng.random(), rng.random(), 0.02
