"""Writes the same ten deals as CSV, XLSX and Parquet (snappy). Needs pyarrow and openpyxl: python make.py"""
import csv, datetime as dt, pathlib
import openpyxl, pyarrow as pa, pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
STAGES = ["Open", "Won", "Lost"]
OWNERS = ["مریم حسینی", "Anna, B.", None]
rows = [{
    "deal_id": f"D{i:03}",
    "created": dt.date(2024, 1, 1) + dt.timedelta(days=9 * i),
    "close_date": None if i % 3 == 0 else dt.date(2024, 2, 1) + dt.timedelta(days=10 * i),
    "status": STAGES[i % 3],
    "owner": OWNERS[i % 3],
    "amount": None if i == 4 else 1000.5 * (i + 1),
    "changed": dt.datetime(2024, 6, 1, 8, 30, i),
} for i in range(10)]

with open(HERE / "deals.csv", "w", encoding="utf-8", newline="") as file:
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    for row in rows:
        writer.writerow({k: v.isoformat() if isinstance(v, dt.date) else v for k, v in row.items()})

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "deals"
sheet.append(list(rows[0]))
for row in rows:
    sheet.append(list(row.values()))
book.create_sheet("empty")
book.save(HERE / "deals.xlsx")

pq.write_table(pa.Table.from_pylist(rows).set_column(3, "status", pa.array([r["status"] for r in rows]).dictionary_encode()), HERE / "deals.parquet")
with pa.ipc.new_file(HERE / "deals.arrow", pa.Table.from_pylist(rows).schema) as sink:
    sink.write_table(pa.Table.from_pylist(rows))
