"""Writes www/data/online-retail-orders.csv: one row per customer and calendar day of the UCI Online Retail lines.

    python3 scripts/online-retail-orders.py online_retail_h1.csv.gz > www/data/online-retail-orders.csv

Sales lines only: quantity and unit price above 0, with a customer. amount = sum of quantity x unit price, in GBP.
"""

import csv
import datetime
import gzip
import sys
from decimal import Decimal

orders = {}
with gzip.open(sys.argv[1], "rt", encoding="utf-8", newline="") as lines:
    for row in csv.DictReader(lines):
        quantity, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
        if quantity <= 0 or price <= 0 or not row["CustomerID"]:
            continue
        day = datetime.datetime.strptime(row["InvoiceDate"].split(" ")[0], "%m/%d/%y").date()
        order = orders.setdefault((int(row["CustomerID"]), day), [Decimal(0), row["Country"]])
        order[0] += quantity * price

out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["customer_id", "date", "amount", "country"])
for (customer, day), (amount, country) in sorted(orders.items()):
    out.writerow([customer, day.isoformat(), f"{amount.normalize():f}", country])
