"""Families whose rule is about the domain: each draws a valid address, or one that breaks the rule."""

from words import TOPS, broken_quad, filled, group, groups, host, inserted, labels, name, quad, word

RESERVED = ("test", "example", "invalid", "localhost", "local", "onion", "alt", "internal")


def dots_domain(rng, valid):
    """Dots stand single and inside, and there is one."""
    first, rest = word(rng), host(rng)
    forms = (f"{first}.{word(rng)}.{rest}",) if valid else (f".{rest}", f"{first}..{rest}", f"{rest}.", first)
    return f"{name(rng)}@{rng.choice(forms)}"


def length_label(rng, valid):
    """At most 63 characters between two dots."""
    label = filled(rng, rng.choice((60, 62, 63, 63) if valid else (64, 64, 65, 69)))
    forms = (f"{label}.{rng.choice(TOPS)}", f"{word(rng)}.{label}.{rng.choice(TOPS)}", f"{label}.{host(rng)}")
    return f"{name(rng)}@{rng.choice(forms)}"


def literal_ipv4(rng, valid):
    """Four numbers in brackets."""
    right, wrong = ".".join(quad(rng)), ".".join(broken_quad(rng))
    forms = (f"[{right}]",) if valid else (f"[{wrong}]", f"[{wrong}]", f"[{right}", f"{right}]", f"[{host(rng)}]")
    return f"{name(rng)}@{rng.choice(forms)}"


def literal_ipv6(rng, valid):
    """An IPv6 address in brackets behind its tag."""
    if valid:
        forms = (
            groups(rng, 8),
            f"{groups(rng, 3)}::{groups(rng, 3)}",
            f"::{groups(rng, 2)}",
            f"{groups(rng, 4)}::",
            f"::ffff:{'.'.join(quad(rng))}",
        )
        return f"{name(rng)}@[{rng.choice(('IPv6', 'IPv6', 'ipv6'))}:{rng.choice(forms)}]"
    forms = (
        f"IPv6:{groups(rng, 7)}",
        f"IPv6:{groups(rng, 9)}",
        f"IPv6:{group(rng)}::{groups(rng, 2)}::{group(rng)}",
        f"IPv6:{groups(rng, 4)}::{groups(rng, 4)}",
        f"IPv6:{groups(rng, 7)}:12345",
        f"IPv6:{groups(rng, 7)}:{word(rng, 1)}z",
        f"IPv6:fe80::{groups(rng, 2)}%eth0",
        f"IPv6:::ffff:{'.'.join(broken_quad(rng))}",
        f"{groups(rng, 3)}::{groups(rng, 3)}",
    )
    return f"{name(rng)}@[{rng.choice(forms)}]"


def bare_quad(rng, valid):
    """Four numbers without brackets."""
    return f"{name(rng)}@{'.'.join(quad(rng) if valid else broken_quad(rng))}"


def top_level(rng, valid):
    """Two letters or more, or an xn-- label."""
    if valid:
        forms = (filled(rng, 2), word(rng, 4), "xn--p1ai", "xn--fiqs8s", rng.choice(TOPS).upper())
    else:
        one, digit, pair = filled(rng, 1), rng.randrange(10), filled(rng, 2)
        forms = (one, one.upper(), str(rng.randrange(1000)), f"{pair}{digit}", f"{pair}-{one}")
    return f"{name(rng)}@{labels(rng)}.{rng.choice(forms)}"


def reserved_top(rng, valid):
    """Top-level domains set aside; below another one the same words are free."""
    reserved = rng.choice(RESERVED)
    if valid:
        domain = f"{reserved}.{rng.choice(TOPS)}"
    else:
        domain = f"{labels(rng)}.{rng.choice((reserved, reserved.upper()))}"
    return f"{name(rng)}@{domain}"


def hyphen_edge(rng, valid):
    """No hyphen at the edge of a label; in a local part it may stand anywhere."""
    first, label, top = word(rng), word(rng), rng.choice(TOPS)
    if valid:
        forms = ((f"-{first}", label), (f"{first}-", label), (first, f"{label}-{word(rng, 2)}"))
    else:
        forms = ((first, f"-{label}"), (first, f"{label}-"))
    local, label = rng.choice(forms)
    return f"{local}@" + rng.choice((f"{label}.{top}", f"{word(rng)}.{label}.{top}", f"{label}.{word(rng)}.{top}"))


def hyphen_third(rng, valid):
    """Hyphens third and fourth in a label belong to xn-- alone; a run elsewhere is free."""
    if valid:
        one, pair, rest = filled(rng, 1), filled(rng, 2), word(rng)
        forms = (f"{pair}{one}--{rest}", f"{one}--{rest}", f"xn--{rest}", f"{pair}-{rest}")
    else:
        forms = (f"{rng.choice('abcdefgh')}{filled(rng, 1)}--{word(rng)}", f"{filled(rng, 1)}---{word(rng)}")
    return f"{name(rng)}@{rng.choice(forms)}.{rng.choice(TOPS)}"


def underscore(rng, valid):
    """Free in a local part, forbidden in a domain."""
    first = word(rng)
    marked = rng.choice((inserted(rng, first, "_"), f"_{first}", f"{first}_"))
    return f"{marked}@{host(rng)}" if valid else f"{name(rng)}@{marked}.{host(rng)}"
