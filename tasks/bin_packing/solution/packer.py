def priority(item, residual, capacity):
    gap = residual - item
    score = -gap
    return score
