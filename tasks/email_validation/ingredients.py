"""Building blocks for validators, for the offline optimiser.

A function whose name starts with `_` is a piece: the optimiser inserts the statements of its body somewhere into a
function of the solution where the names it mentions exist. Its parameters are the names it expects; a line `...` is a
gap that is filled by other pieces; the words of its name and docstring are compared with the classes of failures.
Everything else here is a definition that comes along when a piece mentions it.

`_count_faults` is a frame and every other piece tests one thing. Some are habits that the policy contradicts, some need
others, and the limits are rough: which to take and with which numbers is left to the search.
"""

import ipaddress

ATOM = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+-/=?^_`{|}~")
HOST = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
RESERVED = ("test", "example", "invalid", "localhost", "local", "onion", "alt", "internal")


def local_of(address):
    """What stands before the last at sign."""
    return address.rpartition("@")[0]


def domain_of(address):
    """What stands behind the last at sign."""
    return address.rpartition("@")[2]


def is_quoted(address):
    """Whether the local part begins with a quote."""
    return address.startswith('"')


def plain_quotes(address):
    """How many quotes of the local part have no backslash before them."""
    return local_of(address).replace("\\\\", "").replace('\\"', "").count('"')


def is_literal(address):
    """Whether the domain begins with a bracket."""
    return domain_of(address).startswith("[")


def labels_of(address):
    """The parts between the dots of a domain that is a name."""
    return [] if is_literal(address) else domain_of(address).split(".")


def top_of(address):
    """The last label in lower case; nothing for literals and bare numbers."""
    labels = labels_of(address)
    return labels[-1].lower() if labels and not labels[-1].isdigit() else ""


def numbers_of(address):
    """The parts of a domain that is nothing but digits and dots, brackets aside."""
    inside = domain_of(address).strip("[]")
    return inside.split(".") if inside.replace(".", "").isdigit() else []


def tagged_of(address):
    """What stands behind the tag of an IPv6 literal."""
    domain = domain_of(address)
    return domain[6:-1] if domain.lower().startswith("[ipv6:") else ""


def is_ipv6(text):
    """Whether the standard library reads a text as an IPv6 address; it allows a zone."""
    try:
        return bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _count_faults(address):
    """Count what is wrong; an address without a fault is valid."""
    faults = 0
    ...
    return faults == 0


# The whole address.


def _too_long(faults, address):
    """A limit of the total length."""
    faults += len(address) > 255


def _beyond_print(faults, address):
    """Control characters, and those that are non ASCII."""
    faults += not (address.isascii() and address.isprintable())


# The local part.


def _long_local(faults, address):
    """A limit of the length of the local part."""
    faults += len(local_of(address)) > 65


def _local_dots(faults, address):
    """Dots of the local part with nothing beside them."""
    faults += not is_quoted(address) and "" in local_of(address).split(".")


def _local_characters(faults, address):
    """Symbols that need quotes; a comment."""
    faults += not is_quoted(address) and not ATOM.issuperset(local_of(address))


def _quotes_refused(faults, address):
    """No quoted local part at all."""
    faults += is_quoted(address)


def _quotes_open(faults, address):
    """A quoted local part without its second quote."""
    faults += is_quoted(address) and local_of(address)[-1:] != '"'


def _quotes_within(faults, address):
    """A quoted local part with another quote inside."""
    faults += is_quoted(address) and plain_quotes(address) != 2


def _quotes_empty(faults, address):
    """A quoted local part with nothing in it."""
    faults += is_quoted(address) and len(local_of(address)) < 3


# The domain.


def _no_dot(faults, address):
    """A domain without dots."""
    faults += len(labels_of(address)) == 1


def _empty_label(faults, address):
    """A domain with dots and nothing between them."""
    faults += "" in labels_of(address)


def _long_label(faults, address):
    """A limit of the length of a label."""
    faults += any(len(label) > 64 for label in labels_of(address))


def _label_characters(faults, address):
    """An underscore or another character that is not for a host; a comment."""
    faults += any(not HOST.issuperset(label) for label in labels_of(address))


def _label_edge(faults, address):
    """A hyphen at the edge of a label."""
    faults += any("-" in (label[:1], label[-1:]) for label in labels_of(address))


def _label_run(faults, address):
    """A hyphen as the third character and the next one."""
    faults += any(label[2:4] == "--" and label[:2] != "xn" for label in labels_of(address))


def _any_run(faults, address):
    """A hyphen run."""
    faults += "--" in domain_of(address)


def _short_top(faults, address):
    """Top level of one character."""
    faults += len(top_of(address)) == 1


def _top_encoded(faults, address):
    """Top level with other characters than letters, unless encoded."""
    faults += top_of(address)[:4] not in ("", "xn--") and not top_of(address).isalpha()


def _reserved_top(faults, address):
    """Reserved top level."""
    faults += top_of(address) in RESERVED


# Literals and bare numbers.


def _four_numbers(faults, address):
    """An IPv4 literal or a bare quad has four small numbers."""
    faults += len(numbers_of(address)) not in (0, 4) or any(int(number or 0) > 300 for number in numbers_of(address))


def _leading_zero(faults, address):
    """Numbers of an IPv4 literal or a bare quad have no leading zero."""
    faults += any(number[:1] == "0" and len(number) > 1 for number in numbers_of(address))


def _bracket_open(faults, address):
    """A literal with one bracket."""
    faults += is_literal(address) and not address.endswith("]")


def _bracket_name(faults, address):
    """A literal without numbers."""
    faults += is_literal(address) and not numbers_of(address) and not tagged_of(address)


def _literals_refused(faults, address):
    """No literal at all."""
    faults += is_literal(address)


def _ipv6_tag(faults, address):
    """An IPv6 literal is one."""
    faults += bool(tagged_of(address) and not is_ipv6(tagged_of(address)))
