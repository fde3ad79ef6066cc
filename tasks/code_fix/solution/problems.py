"""Serves all problems under one name. This file stays as it is."""

from anagram_pairs import anagram_pairs
from arithmetic import arithmetic
from balanced import balanced
from build_order import build_order
from clock_after import clock_after
from coin_ways import coin_ways
from count_primes import count_primes
from csv_fields import csv_fields
from day_of_year import day_of_year
from digits_in_base import digits_in_base
from edit_distance import edit_distance
from gray_rank import gray_rank
from islands import islands
from leap_days import leap_days
from longest_ones import longest_ones
from longest_rise import longest_rise
from low_median import low_median
from maze_steps import maze_steps
from merge_intervals import merge_intervals
from pair_sums import pair_sums
from parse_duration import parse_duration
from prime_factors import prime_factors
from ring_distance import ring_distance
from roman_value import roman_value
from spiral import spiral
from squeeze_runs import squeeze_runs
from text_columns import text_columns
from turnstile import turnstile
from version_order import version_order
from wrap_words import wrap_words

PROBLEMS = {
    "wrap_words": wrap_words,
    "squeeze_runs": squeeze_runs,
    "ring_distance": ring_distance,
    "leap_days": leap_days,
    "day_of_year": day_of_year,
    "clock_after": clock_after,
    "merge_intervals": merge_intervals,
    "balanced": balanced,
    "roman_value": roman_value,
    "digits_in_base": digits_in_base,
    "prime_factors": prime_factors,
    "build_order": build_order,
    "islands": islands,
    "longest_ones": longest_ones,
    "turnstile": turnstile,
    "text_columns": text_columns,
    "parse_duration": parse_duration,
    "low_median": low_median,
    "arithmetic": arithmetic,
    "maze_steps": maze_steps,
    "spiral": spiral,
    "csv_fields": csv_fields,
    "version_order": version_order,
    "gray_rank": gray_rank,
    "count_primes": count_primes,
    "coin_ways": coin_ways,
    "longest_rise": longest_rise,
    "pair_sums": pair_sums,
    "anagram_pairs": anagram_pairs,
    "edit_distance": edit_distance,
}


def solve(problem, arguments):
    return PROBLEMS[problem](*arguments)
