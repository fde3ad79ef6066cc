def build_order(needs):
    order = []
    while True:
        ready = [part for part in needs if part not in order and all(need in order for need in needs[part])]
        if not ready:
            break
        order.append(min(ready))
    return order
