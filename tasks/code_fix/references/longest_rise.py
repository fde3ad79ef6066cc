from bisect import bisect_left


def longest_rise(numbers):
    """For each length the smallest number that a rise of this length can end in."""
    ends = []
    for number in numbers:
        at = bisect_left(ends, number)
        if at == len(ends):
            ends.append(number)
        else:
            ends[at] = number
    return len(ends)
