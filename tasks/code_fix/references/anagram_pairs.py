def anagram_pairs(words):
    """Words with the same sorted letters form a group; a group of n has n (n - 1) / 2 pairs."""
    groups = {}
    for word in words:
        letters = "".join(sorted(word))
        groups[letters] = groups.get(letters, 0) + 1
    return sum(size * (size - 1) // 2 for size in groups.values())
