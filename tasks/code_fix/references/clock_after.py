def clock_after(clock, minutes):
    total = int(clock[:2]) * 60 + int(clock[3:]) + minutes
    total %= 1440
    return f"{total // 60:02}:{total % 60:02}"
