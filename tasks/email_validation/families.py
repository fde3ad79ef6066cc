"""The cases: a seed gives one address, and the oracle gives its label.

Seeds below `len(PUBLIC)` are the public set. All others go through the families in turn, first all of them valid, then
all of them broken, so every 40 seeds in a row hold each family once in each direction. What a family means to draw is
its aim only; the label never comes from here.
"""

from random import Random

import domain_families
import local_families
import whole_families

# The kinds of the published set: 7 that are valid, 13 that are not.
PUBLIC = (
    ("standard", "margit@riverbank.org"),
    ("dotted_local", "jon.arne.lie@fjordpost.net"),
    ("many_levels", "desk@post.city.gov.uk"),
    ("plus_tag", "pilar+invoices@casablu.es"),
    ("bare_quad", "printer@203.0.113.77"),
    ("minimal", "q@z.co"),
    ("long", "a.rather.long.name.for.one.mailbox@the-department-of-long-names.lakeside-university.edu"),
    ("empty", ""),
    ("no_at", "margit.riverbank.org"),
    ("no_local", "@riverbank.org"),
    ("no_domain", "margit@"),
    ("space", "margit holm@riverbank.org"),
    ("double_at", "margit@@riverbank.org"),
    ("leading_dot", "margit@.riverbank.org"),
    ("double_dot", "margit@riverbank..org"),
    ("local_leading_dot", ".margit@riverbank.org"),
    ("local_trailing_dot", "margit.@riverbank.org"),
    ("short_top", "margit@riverbank.o"),
    ("leading_hyphen", "margit@-riverbank.org"),
    ("trailing_newline", "margit@riverbank.org\n"),
)

FAMILIES = (
    whole_families.at_sign,
    local_families.dots_local,
    domain_families.dots_domain,
    local_families.symbols_local,
    local_families.quoted_local,
    local_families.length_local,
    domain_families.length_label,
    whole_families.length_total,
    domain_families.literal_ipv4,
    domain_families.literal_ipv6,
    domain_families.bare_quad,
    domain_families.top_level,
    domain_families.reserved_top,
    domain_families.hyphen_edge,
    domain_families.hyphen_third,
    domain_families.underscore,
    whole_families.control,
    whole_families.whitespace,
    whole_families.comment,
    whole_families.non_ascii,
)


def drawn(seed):
    """The family's name and the address of a seed."""
    if seed < len(PUBLIC):
        return PUBLIC[seed]
    turn, at = divmod(seed, len(FAMILIES))
    family = FAMILIES[at]
    return family.__name__, family(Random(seed), valid=turn % 2 == 0)
