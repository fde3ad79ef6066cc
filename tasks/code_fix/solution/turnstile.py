def turnstile(events):
    unlocked = False
    passed = 0
    alarms = 0
    for event in events:
        if event == "coin":
            unlocked = True
        elif unlocked:
            passed += 1
            unlocked = False
        else:
            alarms += 1
            unlocked = True
    return [passed, alarms, unlocked]
