"""The lower bound of an instance, and two classic rules to compare with. Nothing here is shown to a candidate."""


def l2_bound(items, capacity):
    """The bound L2 of Martello and Toth (1990): how many bins any packing needs, at least.

    For a threshold up to half a bin: items too large to share a bin with one of that size each need their own; what is
    left of the medium ones has to fit beside the items above half a bin, or needs more bins.
    """
    count = [0] * (capacity + 1)
    for item in items:
        count[item] += 1
    best = 0
    for threshold in range(capacity // 2 + 1):
        alone = sum(count[capacity - threshold + 1 :])
        halves = range(capacity // 2 + 1, capacity - threshold + 1)
        paired = sum(count[size] for size in halves)
        room = sum((capacity - size) * count[size] for size in halves)
        medium = sum(size * count[size] for size in range(threshold, capacity // 2 + 1))
        more = max(0, -((room - medium) // capacity))
        best = max(best, alone + paired + more)
    return best


def first_fit(items, capacity):
    """The bins used when each item takes the oldest bin it fits in: a maximum tree over the bins."""
    leaves = 1
    while leaves < len(items):
        leaves *= 2
    tree = [capacity] * (2 * leaves)
    used = 0
    for item in items:
        at = 1
        while at < leaves:
            at *= 2
            if tree[at] < item:
                at += 1
        used = max(used, at - leaves + 1)
        tree[at] -= item
        while at > 1:
            at //= 2
            tree[at] = max(tree[2 * at], tree[2 * at + 1])
    return used


def best_fit(items, capacity):
    """The bins used when each item takes the fullest bin it fits in."""
    count = [0] * (capacity + 1)
    bins = 0
    for item in items:
        fits = (residual for residual in range(item, capacity) if count[residual])
        residual = next(fits, None)
        if residual is None:
            bins, residual = bins + 1, capacity
        else:
            count[residual] -= 1
        count[residual - item] += 1
    return bins
