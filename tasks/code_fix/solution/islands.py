def islands(rows):
    land = {(r, c) for r, row in enumerate(rows) for c, mark in enumerate(row) if mark == "#"}
    count = 0
    while land:
        count += 1
        front = [min(land)]
        land.remove(front[0])
        while front:
            r, c = front.pop()
            for near in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 2)):
                if near in land:
                    land.remove(near)
                    front.append(near)
    return count
