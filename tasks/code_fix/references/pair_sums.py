def pair_sums(numbers, target):
    """Counts for each number the partners seen before it."""
    count, seen = 0, {}
    for number in numbers:
        count += seen.get(target - number, 0)
        seen[number] = seen.get(number, 0) + 1
    return count
