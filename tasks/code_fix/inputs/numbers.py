"""Inputs of the problems about numbers, dates and bits."""

from inputs.problem import Problem


def ring_distance(draw):
    size = draw.randint(3, 60)
    return [draw.randrange(size), draw.randrange(size), size]


def leap_days(draw):
    first = draw.randint(1600, 2400)
    return [first, first + draw.randint(0, 500)]


def day_of_year(draw):
    year = draw.choice((1900, 2000, 2023, 2024, 2100, 2400, draw.randint(1600, 2400)))
    return [year, draw.randint(1, 12), draw.randint(1, 28)]


def clock_after(draw):
    return [f"{draw.randint(0, 23):02}:{draw.randint(0, 59):02}", draw.randint(-3000, 3000)]


def digits_in_base(draw):
    return [draw.choice((0, draw.randint(1, 40), draw.randint(41, 10**9))), draw.randint(2, 36)]


def prime_factors(draw):
    small = (2, 2, 3, 3, 5, 7, 11, 13)
    number = 1
    for _ in range(draw.randint(1, 4)):
        number *= draw.choice(small)
    return [number]


def longest_ones(draw):
    return [int("".join(draw.choices("011", k=draw.randint(1, 24))), 2)]


def low_median(draw):
    return [[draw.randint(-50, 50) for _ in range(draw.randint(1, 9))]]


def gray_rank(draw):
    return [draw.randrange(1 << draw.randint(1, 30))]


PROBLEMS = [
    Problem("ring_distance", [[1, 11, 12], [0, 0, 5], [2, 6, 8]], [[9, 1, 10], [3, 4, 100], [5, 5, 6]], ring_distance, offline=True),
    Problem("leap_days", [[1999, 2001], [1900, 1900], [2024, 2024]], [[1600, 2000], [2097, 2103], [2023, 2023]], leap_days, offline=True),
    Problem("day_of_year", [[2024, 3, 1], [2000, 12, 31], [1900, 3, 1]], [[2024, 2, 29], [2400, 3, 1], [2023, 12, 31]], day_of_year, offline=True),
    Problem("clock_after", [["23:50", 20], ["00:00", 0], ["10:15", 45]], [["00:10", -20], ["12:00", 1440], ["23:59", 2881]], clock_after, offline=True),
    Problem("digits_in_base", [[0, 10], [255, 16], [35, 36]], [[0, 2], [7, 2], [1, 36]], digits_in_base, offline=True),
    Problem("prime_factors", [[9], [1], [60]], [[25], [97], [8]], prime_factors, offline=True),
    Problem("longest_ones", [[0], [7], [0b1101110]], [[8], [1], [0b10011]], longest_ones, offline=True),
    Problem("low_median", [[[3, 1, 2]], [[5]], [[4, 1, 3, 2]]], [[[9, 8]], [[2, 2, 1]], [[1, 2, 3, 4]]], low_median, offline=True),
    Problem("gray_rank", [[0b111], [0], [0b110]], [[0b1000], [1], [0b10101]], gray_rank),
]
