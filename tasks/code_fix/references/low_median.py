def low_median(numbers):
    numbers = sorted(numbers)
    middle = (len(numbers) - 1) // 2
    return numbers[middle]
