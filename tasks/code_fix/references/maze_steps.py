def maze_steps(rows):
    """Breadth first: one ring of cells after another."""
    goal = (len(rows) - 1, len(rows[0]) - 1)
    ring, steps = [(0, 0)], 0
    seen = {(0, 0)}
    while ring:
        if goal in ring:
            return steps
        following = []
        for r, c in ring:
            for near in ((r - 1, c), (r, c - 1), (r, c + 1), (r + 1, c)):
                inside = 0 <= near[0] <= goal[0] and 0 <= near[1] <= goal[1]
                if inside and near not in seen and rows[near[0]][near[1]] == ".":
                    seen.add(near)
                    following.append(near)
        ring, steps = following, steps + 1
    return -1
