def low_median(numbers):
    middle = (len(numbers) - 1) // 2
    return numbers[middle]
