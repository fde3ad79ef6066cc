"""The policy as a program: every label of every case comes from here. `POLICY.md` gives the rules in words.

A fault is a short text that says which rule an address breaks; `None` means that it breaks none.
"""

from string import ascii_letters, digits, hexdigits

LONGEST_ADDRESS = 254
LONGEST_LOCAL = 64
LONGEST_LABEL = 63
ATOM = frozenset(ascii_letters + digits + "!#$%&'*+-/=?^_`{|}~")
LABEL = frozenset(ascii_letters + digits + "-")
LETTERS = frozenset(ascii_letters)
DIGITS = frozenset(digits)
HEX = frozenset(hexdigits)
RESERVED = frozenset({"test", "example", "invalid", "localhost", "local", "onion", "alt", "internal"})


def validate_email(address):
    """The answer a perfect candidate gives."""
    return fault(address) is None


def fault(address):
    """The first rule that an address breaks."""
    if not address.isascii():
        return "a character outside ASCII"
    if any(char < " " or char == "\x7f" for char in address):
        return "a control character"
    if len(address) > LONGEST_ADDRESS:
        return f"{len(address)} characters in all, at most {LONGEST_ADDRESS}"
    end = quoted_end(address) if address.startswith('"') else address.find("@")
    if end < 0:
        return "an open quoted local part" if address.startswith('"') else "no @"
    local, at, domain = address[:end], address[end : end + 1], address[end + 1 :]
    if at != "@":
        return "something between the closing quote and the @" if at else "no @"
    return local_fault(local) or domain_fault(domain)


def quoted_end(address):
    """The position after the closing quote; -1 when the quotes stay open."""
    at = 1
    while at < len(address):
        if address[at] == '"':
            return at + 1
        at += 2 if address[at] == "\\" else 1
    return -1


def local_fault(local):
    if not local:
        return "no local part"
    if len(local) > LONGEST_LOCAL:
        return f"a local part of {len(local)} characters, at most {LONGEST_LOCAL}"
    if local.startswith('"'):
        return "nothing between the quotes" if local == '""' else None
    if local.startswith(".") or local.endswith("."):
        return "a local part that begins or ends with a dot"
    if ".." in local:
        return "two dots in a row in the local part"
    for char in local:
        if char != "." and char not in ATOM:
            return f"{char!r} in a local part without quotes"
    return None


def domain_fault(domain):
    if not domain:
        return "no domain"
    if domain.startswith("["):
        return literal_fault(domain)
    labels = domain.split(".")
    if DIGITS.issuperset(labels[-1]) and labels[-1]:
        return quad_fault(domain)
    if len(labels) < 2:
        return "a domain without a dot"
    for label in labels:
        broken = label_fault(label)
        if broken:
            return broken
    return top_fault(labels[-1].lower())


def label_fault(label):
    if not label:
        return "an empty label in the domain"
    if len(label) > LONGEST_LABEL:
        return f"a label of {len(label)} characters, at most {LONGEST_LABEL}"
    for char in label:
        if char not in LABEL:
            return f"{char!r} in the domain"
    if label.startswith("-") or label.endswith("-"):
        return "a label that begins or ends with a hyphen"
    if label[2:4] == "--" and label[:2].lower() != "xn":
        return "hyphens in positions 3 and 4 of a label other than xn--"
    return None


def top_fault(top):
    """`top` is the last label in lower case, and a label in its own right."""
    if len(top) < 2:
        return "a top-level domain of one character"
    if not LETTERS.issuperset(top) and not top.startswith("xn--"):
        return "a top-level domain with other characters than letters"
    if top in RESERVED:
        return f"the reserved top-level domain {top}"
    return None


def literal_fault(domain):
    if not domain.endswith("]"):
        return "an address literal without its closing bracket"
    inside = domain[1:-1]
    if inside[:5].lower() == "ipv6:":
        return ipv6_fault(inside[5:])
    return quad_fault(inside)


def quad_fault(text):
    numbers = text.split(".")
    if len(numbers) != 4:
        return "not four numbers in an IPv4 address"
    for number in numbers:
        if not number or not DIGITS.issuperset(number):
            return "something other than numbers in an IPv4 address"
        if len(number) > 1 and number.startswith("0"):
            return "a leading zero in an IPv4 address"
        if len(number) > 3 or int(number) > 255:
            return "a number above 255 in an IPv4 address"
    return None


def ipv6_fault(text):
    """RFC 4291, section 2.2, in its three forms; a zone does not belong to it."""
    start, _, last = text.rpartition(":")
    if "." in last:
        broken = quad_fault(last)
        if broken:
            return broken
        text = f"{start}:0:0"
    head, gap, tail = text.partition("::")
    groups = [group for side in (head, tail) if side for group in side.split(":")]
    for group in groups:
        if not 1 <= len(group) <= 4 or not HEX.issuperset(group):
            return "a group of an IPv6 address that is not one to four hexadecimal digits"
    fits = len(groups) <= 7 if gap else len(groups) == 8
    if not fits:
        return "the wrong number of groups in an IPv6 address"
    return None
