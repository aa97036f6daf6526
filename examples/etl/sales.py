"""Prints so many rows of sales as CSV: sales.py ROWS. One in a hundred is bad: too short, or with a quantity that cannot be."""

import random
import sys

chance = random.Random(1)
print("sku,qty,cents")
for row in range(int(sys.argv[1])):
    sku = f"s-{chance.randrange(500)}"
    if row % 100 == 50:
        print(chance.choice([sku, f"{sku},0,10", f"{sku},many,10", f'{sku},1,"10"0']))
    else:
        print(f"{sku},{chance.randrange(1, 9)},{chance.randrange(50, 5000)}")
