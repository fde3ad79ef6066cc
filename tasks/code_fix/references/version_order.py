def version_order(first, second):
    """Compares number by number; zeros at the end say nothing."""
    one, other = ([int(part) for part in text.split(".")] for text in (first, second))
    for numbers in (one, other):
        while numbers and numbers[-1] == 0:
            numbers.pop()
    return (one > other) - (one < other)
