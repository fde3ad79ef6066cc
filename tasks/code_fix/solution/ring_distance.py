def ring_distance(first, second, size):
    ahead = (second - first) % size
    return max(ahead, size - ahead)
