"""How the calls look to the packer: one message asks for an item's priorities in all bins it fits in."""


def priority(packer, item, capacity):
    return [packer(item, residual, capacity) for residual in range(item, capacity + 1)]
