def maze_steps(rows):
    """Explores depth first, so the way that is found need not be the shortest."""
    front = [(0, 0, 0)]
    seen = {(0, 0)}
    while front:
        r, c, steps = front.pop()
        if r == len(rows) - 1 and c == len(rows[0]) - 1:
            return steps
        for near in ((r + 1, c), (r, c + 1), (r, c - 1), (r - 1, c)):
            inside = 0 <= near[0] < len(rows) and 0 <= near[1] < len(rows[0])
            if inside and near not in seen and rows[near[0]][near[1]] == ".":
                seen.add(near)
                front.append((near[0], near[1], steps + 1))
    return -1
