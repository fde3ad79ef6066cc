def anagram_pairs(words):
    """Compares every word with every other."""
    count = 0
    for at, first in enumerate(words):
        for second in words[at + 1 :]:
            if sorted(first) == sorted(second):
                count += 1
    return count
