def choose(weights, values, room):
    order = list(range(len(weights)))
    chosen = []
    for item in order:
        if weights[item] <= room:
            chosen.append(item)
            room -= weights[item]
    return chosen
