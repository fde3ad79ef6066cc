"""Inputs of the problems about intervals, graphs, grids and states."""

from inputs.problem import Problem


def merge_intervals(draw):
    starts = [draw.randint(0, 30) for _ in range(draw.randint(1, 8))]
    return [[[start, start + draw.randint(0, 6)] for start in starts]]


def build_order(draw):
    """Parts that need earlier parts; now and then one more need, which may close a circle."""
    parts = [chr(97 + at) for at in range(draw.randint(2, 7))]
    draw.shuffle(parts)
    needs = {part: draw.sample(parts[:at], draw.randint(0, min(at, 2))) for at, part in enumerate(parts)}
    if draw.random() < 0.4:
        late = draw.choice(parts)
        needs[parts[0]] = [late]
    return [needs]


def islands(draw):
    width = draw.randint(1, 7)
    return [["".join(draw.choices("#.", k=width)) for _ in range(draw.randint(1, 6))]]


def turnstile(draw):
    return [draw.choices(("coin", "push"), k=draw.randint(1, 10))]


def maze_steps(draw):
    """Open start and goal, a quarter of the other cells walls."""
    height, width = draw.randint(3, 8), draw.randint(3, 8)
    rows = [[draw.choice("...#") for _ in range(width)] for _ in range(height)]
    rows[0][0] = rows[-1][-1] = "."
    return [["".join(row) for row in rows]]


def spiral(draw):
    width = draw.randint(1, 5)
    return [[[draw.randint(0, 99) for _ in range(width)] for _ in range(draw.randint(1, 5))]]


PROBLEMS = [
    Problem(
        "merge_intervals",
        [[[[1, 2], [2, 3]]], [[]], [[[5, 8], [1, 9]]]],
        [[[[4, 4], [4, 4]]], [[[1, 2], [3, 4]]], [[[0, 5], [5, 5], [6, 7]]]],
        merge_intervals,
        offline=True,
    ),
    Problem(
        "build_order",
        [[{"a": [], "b": ["c"], "c": ["b"]}], [{}], [{"roof": ["wall"], "wall": ["base"], "base": []}]],
        [[{"x": ["x"], "y": []}], [{"b": [], "a": []}], [{"a": ["b"], "b": ["a"]}]],
        build_order,
        offline=True,
    ),
    Problem(
        "islands",
        [[["##.", "..#"]], [[]], [["##.", "#.#", "###"]]],
        [[["##.##"]], [["."]], [["#.", ".#"]]],
        islands,
    ),
    Problem(
        "turnstile",
        [[["push", "push"]], [[]], [["coin", "coin", "push"]]],
        [[["push"]], [["coin"]], [["coin", "push", "push", "push"]]],
        turnstile,
        offline=True,
    ),
    Problem(
        "maze_steps",
        [[[".#...", "....."]], [["."]], [[".#", "#."]]],
        [[["...", "###", "..."]], [["...."]], [["..", "..", "..", ".#", ".."]]],
        maze_steps,
    ),
    Problem(
        "spiral",
        [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], [[[1]]], [[[1, 2], [3, 4]]]],
        [[[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]], [[[1, 2, 3]]], [[[1], [2], [3]]]],
        spiral,
    ),
]
