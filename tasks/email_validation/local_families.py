"""Families whose rule is about the local part: each draws a valid address, or one that breaks the rule."""

from words import ATOM_SYMBOLS, filled, host, inserted, word


def dots_local(rng, valid):
    """Dots stand single and inside; between quotes they stand anywhere."""
    first, last = word(rng), word(rng)
    if valid:
        single = (f"{first}.{last}", f"{first[0]}.{last}", f"{first}.{last[0]}.{last}")
        forms = (*single, f'"{first}..{last}"', f'".{first}"')
    else:
        forms = (f".{first}", f"{first}.", f"{first}..{last}")
    return f"{rng.choice(forms)}@{host(rng)}"


def symbols_local(rng, valid):
    """Which symbols need quotes."""
    symbol = rng.choice(ATOM_SYMBOLS if valid else "()<>[]:;,\\")
    first = word(rng)
    local = rng.choice((inserted(rng, first, symbol), first + symbol, symbol + first))
    return f"{local}@{host(rng)}"


def quoted_local(rng, valid):
    """Quotes enclose all of it; inside, a backslash takes the meaning from a quote or a backslash."""
    first, last = word(rng), word(rng)
    if valid:
        escaped = "\\" + rng.choice('"\\')
        forms = (f'"{first}"', f'"{first},{last}"', f'"<{first}>"', f'"{first}{escaped}{last}"', f'"{escaped}{first}"')
    else:
        forms = (
            f'"{first}',
            f'{first}"',
            f'{first}"{last}',
            f'"{first}"{last}',
            f'{first}"{last}"',
            f'"{first}"."{last}"',
            f'"{first}"{last}"',
            f'"{first}\\"',
            '""',
        )
    return f"{rng.choice(forms)}@{host(rng)}"


def length_local(rng, valid):
    """At most 64 characters, quotes included."""
    length = rng.choice((61, 63, 64, 64) if valid else (65, 65, 66, 70))
    forms = (
        filled(rng, length),
        f'"{filled(rng, length - 2)}"',
        f"{filled(rng, 30)}.{filled(rng, length - 31)}",
    )
    return f"{rng.choice(forms)}@{host(rng)}"
