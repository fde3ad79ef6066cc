def count_primes(limit):
    """The sieve of Eratosthenes."""
    prime = bytearray([1]) * max(limit, 2)
    prime[0:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if prime[number]:
            prime[number * number :: number] = bytes(len(range(number * number, len(prime), number)))
    return sum(prime)
