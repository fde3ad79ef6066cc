"""Families whose rule is about the whole address: each draws a valid address, or one that breaks the rule."""

from words import TOPS, host, inserted, long_address, name, word


def at_sign(rng, valid):
    """One @ with something on both sides; a second one only between quotes."""
    local, domain = name(rng), host(rng)
    if valid:
        forms = (f"{local}@{domain}", f'"{local}@{word(rng)}"@{domain}')
    else:
        forms = (f"{local}.{domain}", f"{local}@{word(rng)}@{domain}", f"{local}@@{domain}", f"@{domain}", f"{local}@")
    return rng.choice(forms)


def length_total(rng, valid):
    """At most 254 characters."""
    return long_address(rng, rng.choice((251, 253, 254, 254) if valid else (255, 255, 256, 260)))


def control(rng, valid):
    """No control character, not even between quotes, and no newline at the end."""
    local, domain = name(rng), host(rng)
    if valid:
        return rng.choice((f"{local}@{domain}", f'"{local}!"@{domain}'))
    char = rng.choice("\n\r\t\0\x07\x1b\x7f")
    forms = (
        f"{local}@{domain}\n",
        f"{local}@{domain}{char}",
        f"{inserted(rng, local, char)}@{domain}",
        f"{local}@{inserted(rng, domain, char)}",
        f'"{inserted(rng, local, char)}"@{domain}',
    )
    return rng.choice(forms)


def whitespace(rng, valid):
    """A space only between quotes."""
    first, last, domain = word(rng), word(rng), host(rng)
    if valid:
        forms = (f'"{first} {last}"@{domain}', f'"{first} "@{domain}', f'" {first}"@{domain}')
    else:
        forms = (
            f" {first}@{domain}",
            f"{first}@{domain} ",
            f"{first} {last}@{domain}",
            f"{first} @{domain}",
            f"{first}@ {domain}",
            f"{first}@{last} {domain}",
            f'"{first}" @{domain}',
        )
    return rng.choice(forms)


def comment(rng, valid):
    """No comment, no display name, no angle brackets, no list: what a mail header allows is not an address."""
    local, domain, note = name(rng), host(rng), word(rng)
    if valid:
        quoted = (f'"{local}({note})"@{domain}', f'"{note} <{local}>"@{domain}')
        forms = (*quoted, f"{local}@{domain}", f"{local}/{note}@{domain}")
    else:
        forms = (
            f"{local}({note})@{domain}",
            f"({note}){local}@{domain}",
            f"{local}@({note}){domain}",
            f"{local}@{domain}({note})",
            f"<{local}@{domain}>",
            f"{note} <{local}@{domain}>",
            f"mailto:{local}@{domain}",
            f"{local}@{domain},{note}@{domain}",
            f"{local}@{domain};",
        )
    return rng.choice(forms)


def non_ascii(rng, valid):
    """ASCII alone: an international domain arrives in its xn-- form."""
    local, domain = word(rng), host(rng)
    if valid:
        forms = (f"{local}@xn--{word(rng)}.{rng.choice(TOPS)}", f"{local}@{domain}")
    else:
        char = rng.choice("éüñßøаеож名٣²。")
        forms = (
            f"{inserted(rng, local, char)}@{domain}",
            f"{local}@{inserted(rng, domain, char)}",
            f"{local}@{domain}{char}",
            f'"{inserted(rng, local, char)}"@{domain}',
        )
    return rng.choice(forms)
