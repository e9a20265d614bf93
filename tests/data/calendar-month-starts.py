"""Makes calendar-month-starts.csv: day (from 1970-01-01) on which each month of 1300 to 1450 begins.

Jalali: jdatetime, checked against persiantools. Umm al-Qura: hijridate, whose tables begin in 1343.
pip install jdatetime persiantools hijridate
"""
import csv
import datetime
import pathlib

import hijridate
import jdatetime
import persiantools.jdatetime

EPOCH = datetime.date(1970, 1, 1).toordinal()


def jalali(year, month):
    one = jdatetime.date(year, month, 1).togregorian()
    other = persiantools.jdatetime.JalaliDate(year, month, 1).to_gregorian()
    assert one == other, (year, month)
    return one.toordinal() - EPOCH


def umm_al_qura(year, month):
    return hijridate.Hijri(year, month, 1).to_gregorian().toordinal() - EPOCH


with open(pathlib.Path(__file__).with_suffix(".csv"), "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["calendar", "year", *(f"month_{month}" for month in range(1, 13))])
    for name, start, first in (("jalali", jalali, 1300), ("umm-al-qura", umm_al_qura, 1343)):
        for year in range(first, 1451):
            rows.writerow([name, year, *(start(year, month) for month in range(1, 13))])
