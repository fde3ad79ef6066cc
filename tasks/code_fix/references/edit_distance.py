def edit_distance(first, second):
    """Row by row: the distances of a beginning of `first` to all beginnings of `second`."""
    row = list(range(len(second) + 1))
    for done, letter in enumerate(first, 1):
        above, row = row, [done]
        for at, other in enumerate(second):
            changed = above[at] + (letter != other)
            row.append(min(changed, above[at + 1] + 1, row[at] + 1))
    return row[-1]
