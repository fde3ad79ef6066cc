def edit_distance(first, second):
    """Tries all ways to edit."""
    if not first or not second:
        return len(first) + len(second)
    if first[0] == second[0]:
        return edit_distance(first[1:], second[1:])
    shorter = (first[1:], second), (first, second[1:]), (first[1:], second[1:])
    return 1 + min(edit_distance(one, other) for one, other in shorter)
