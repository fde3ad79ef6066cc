def longest_rise(numbers):
    """For each number, the best of all rises before it."""
    best = []
    for at, number in enumerate(numbers):
        longest = 0
        for before in range(at):
            if numbers[before] < number and best[before] > longest:
                longest = best[before]
        best.append(longest + 1)
    return max(best, default=0)
