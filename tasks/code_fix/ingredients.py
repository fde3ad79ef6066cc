"""Building blocks for the offline optimiser: guards and small corrections that many functions need.

docs/ingredients.md explains the form. Each is one step in one function; which function needs which, and where, is left
to the search. No piece holds an algorithm.
"""


def _none_left(stack):
    """Something was opened and never closed: not balanced."""
    if stack:
        return False


def _no_less_than_asked(order, needs):
    """Parts that wait for each other have no order."""
    if len(order) < len(needs):
        return []


def _zero(number):
    """A number without digits."""
    if number == 0:
        return "0"


def _within_a_day(total):
    """Minutes of a clock begin again at midnight."""
    total %= 1440


def _within_an_hour(total):
    """Minutes of a clock begin again with the hour."""
    total %= 60


def _in_order(numbers):
    """Smallest first, so that the median is in the middle."""
    numbers = sorted(numbers)


def _backwards(numbers):
    """Last first."""
    numbers = numbers[::-1]


def _nothing(numbers):
    """No number, no answer."""
    if not numbers:
        return 0


def _no_text(text):
    """Nothing to read."""
    if not text:
        return 0


def _skip_blank(mark):
    """Blanks between marks say nothing."""
    if mark == " ":
        continue


def _skip_empty_word(word):
    """A word of no letters fills no line."""
    if not word:
        continue


def _start_again(run):
    """A run that ended."""
    run = 0


def _sign(number):
    """The size of a number alone."""
    number = abs(number)
