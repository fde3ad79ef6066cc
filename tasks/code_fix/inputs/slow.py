"""Inputs of the problems whose starts are right but slow, with a performance test each.

The sizes are chosen so that a reference needs about a twentieth of the limit or less and a start at least twenty
times the limit (README.md has the figures): the speed of the machine must not decide.
"""

from inputs.problem import Problem


def count_primes(draw):
    return [draw.randint(0, 150)]


def many_primes(draw):
    return [draw.randint(26_000, 30_000)]


def coin_ways(draw):
    return [draw.sample((1, 2, 3, 5, 7), draw.randint(1, 4)), draw.randint(0, 20)]


def many_coin_ways(draw):
    return [[1, 2, 5, 10, 20, 50], draw.randint(300, 400)]


def longest_rise(draw):
    return [[draw.randint(0, 30) for _ in range(draw.randint(1, 14))]]


def long_rise(draw):
    return [[draw.randrange(100) for _ in range(7500)]]


def pair_sums(draw):
    return [[draw.randint(-9, 9) for _ in range(draw.randint(2, 14))], draw.randint(-6, 6)]


def many_pair_sums(draw):
    return [[draw.randint(0, 9999) for _ in range(8000)], draw.randint(5000, 15_000)]


def words(draw, number, letters):
    return ["".join(draw.choices(letters, k=draw.randint(3, 4))) for _ in range(number)]


def anagram_pairs(draw):
    return [words(draw, draw.randint(2, 10), "ab")]


def many_anagram_pairs(draw):
    return [words(draw, 2200, "abcdefgh")]


def edit_distance(draw):
    return ["".join(draw.choices("abc", k=draw.randint(0, 5))) for _ in range(2)]


def long_edit_distance(draw):
    return ["".join(draw.choices("abcd", k=draw.randint(38, 42))) for _ in range(2)]


PROBLEMS = [
    Problem("count_primes", [[2], [3], [100]], [[0], [5], [30]], count_primes, many_primes),
    Problem("coin_ways", [[[1, 2, 5], 5], [[3], 4], [[7], 0]], [[[2], 2], [[], 0], [[], 3]], coin_ways, many_coin_ways),
    Problem("longest_rise", [[[3, 1, 2, 5]], [[]], [[2, 2]]], [[[1]], [[5, 4, 3]], [[1, 5, 2, 3, 4]]], longest_rise, long_rise),
    Problem("pair_sums", [[[1, 2, 3], 4], [[], 0], [[2, 2, 2], 4]], [[[5], 10], [[0, 0], 0], [[-1, 1], 0]], pair_sums, many_pair_sums),
    Problem(
        "anagram_pairs",
        [[["tea", "eat", "ate"]], [[]], [["aab", "abb"]]],
        [[["x"]], [["x", "x"]], [["on", "no", "oon"]]],
        anagram_pairs,
        many_anagram_pairs,
    ),
    Problem(
        "edit_distance",
        [["kit", "sit"], ["", ""], ["abc", ""]],
        [["ab", "ba"], ["a", "a"], ["", "xy"]],
        edit_distance,
        long_edit_distance,
    ),
]
