def version_order(first, second):
    """Compares letter by letter."""
    if first == second:
        return 0
    return -1 if first < second else 1
