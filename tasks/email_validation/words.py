"""Parts of made-up addresses. Every function draws from the `random.Random` it is given and from nothing else."""

CONSONANTS = "bcdfghjklmnprstvwz"
VOWELS = "aeiou"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ATOM_SYMBOLS = "!#$%&'*+/=?^_`{|}~-"
TOPS = ("com", "org", "net", "io", "de", "uk", "jp", "info", "museum", "shop", "travel", "co", "technology", "email")
HEX = "0123456789abcdefABCDEF"


def word(rng, syllables=3):
    """A pronounceable word, two letters a syllable."""
    return "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables))


def filled(rng, length):
    """A word of exactly so many letters."""
    return "".join(rng.choice(LETTERS) for _ in range(length))


def name(rng):
    """A local part that nobody doubts."""
    form = rng.randrange(4)
    if form == 0:
        return f"{word(rng)}.{word(rng, 2)}"
    if form == 1:
        return f"{word(rng)}{rng.randrange(100)}"
    if form == 2:
        return f"{word(rng)}+{word(rng, 2)}"
    return word(rng).capitalize()


def labels(rng):
    """The labels of a domain before its top level: one, or seldom two or three."""
    return ".".join(word(rng) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def host(rng):
    """A domain that nobody doubts."""
    return f"{labels(rng)}.{rng.choice(TOPS)}"


def quad(rng):
    """Four numbers of an IPv4 address, as a list of texts."""
    return [str(rng.randrange(256)) for _ in range(4)]


def broken_quad(rng):
    """The same with one rule broken."""
    numbers = quad(rng)
    at = rng.randrange(4)
    form = rng.randrange(4)
    if form == 0:
        numbers[at] = str(rng.randrange(256, 1000))
    elif form == 1:
        numbers[at] = f"0{rng.randrange(100)}"
    elif form == 2:
        del numbers[at]
    else:
        numbers.insert(at, str(rng.randrange(256)))
    return numbers


def group(rng):
    """One group of an IPv6 address."""
    return "".join(rng.choice(HEX) for _ in range(rng.randrange(1, 5)))


def groups(rng, count):
    """Some groups of an IPv6 address with their colons."""
    return ":".join(group(rng) for _ in range(count))


def inserted(rng, text, piece):
    """The text with a piece put somewhere between its first and its last character."""
    at = rng.randrange(1, len(text))
    return text[:at] + piece + text[at:]


def long_address(rng, length):
    """An address of so many characters whose local part and labels are short enough."""
    local = filled(rng, rng.randrange(20, 65))
    top = rng.choice(TOPS)
    left = length - len(local) - len(top) - 2
    parts = []
    while left > 63:
        parts.append(filled(rng, rng.randrange(30, min(63, left - 31))))
        left -= len(parts[-1]) + 1
    parts.append(filled(rng, left))
    return f"{local}@{'.'.join(parts)}.{top}"
