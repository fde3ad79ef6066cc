def pair_sums(numbers, target):
    """Looks at every pair."""
    count = 0
    for at, first in enumerate(numbers):
        for second in numbers[at + 1 :]:
            if first + second == target:
                count += 1
    return count
