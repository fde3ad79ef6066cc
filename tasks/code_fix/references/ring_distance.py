def ring_distance(first, second, size):
    ahead = (second - first) % size
    return min(ahead, size - ahead)
