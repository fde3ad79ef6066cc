def coin_ways(coins, amount):
    """The ways to every smaller amount, coin after coin."""
    ways = [1] + [0] * amount
    for coin in coins:
        for sum_so_far in range(coin, amount + 1):
            ways[sum_so_far] += ways[sum_so_far - coin]
    return ways[amount]
