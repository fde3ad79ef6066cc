def longest_ones(number):
    best = 0
    run = 0
    for bit in bin(number)[2:]:
        if bit == "1":
            run += 1
        else:
            run = 0
        best = max(best, run)
    return best
