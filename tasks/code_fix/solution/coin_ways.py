def coin_ways(coins, amount):
    """Tries each coin once more, and then never again."""
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return coin_ways(coins, amount - coins[0]) + coin_ways(coins[1:], amount)
