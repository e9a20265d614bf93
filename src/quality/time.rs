//! Rhythm: silence at the end, days and minutes with too many deals, dates that cannot be, a last month that is not over.

use super::book::{ALL, Book, Look, MISLEADS, Touch, named, rows_where, sum_of, weighted};
use super::deals::{attribute, ended};
use super::robust::{Sorted, centre, no_chance};
use super::{EXAMPLES, SEGMENTS, Severity};
use crate::crm::{DealRole, HistoryRole, Loaded, OrderRole, TableKind};
use crate::read::dates::iso_text;
use crate::table::{Texts, Values};

const DAY_MS: f64 = 86_400_000.0;
/// 1990-01-01: before the systems that such files come from.
const OLDEST: f64 = 631_152_000_000.0;
/// Longer spans hold a wrong date, which is a finding of its own, and no rhythm.
const LONGEST_DAYS: i64 = 60_000;
/// Days on either side with which a day is compared: four weeks, so that each weekday stands in it.
const NEIGHBOURS: usize = 28;

/// Events by local day, with the row that each stands in.
struct Events {
    place: usize,
    rows: Vec<u32>,
    times: Vec<f64>,
    days: Days,
}

/// Weight of the events of each local day.
#[derive(Default)]
struct Days {
    first: f64,
    /// From the first to the last day with any.
    counts: Vec<f64>,
    /// Day of each event, counted from the first one.
    of: Vec<u32>,
}

pub(super) fn check(book: &mut Book<'_>) {
    let loaded = book.loaded;
    out_of_range(book);
    let mut all: Vec<Days> = Vec::new();
    if let (Some(place), Some(deals)) = (book.place_of_deals(), &loaded.crm.deals) {
        let of = |book: &Book<'_>, wanted: &dyn Fn(usize) -> f64| {
            let (mut rows, mut times) = (Vec::new(), Vec::new());
            for deal in 0..deals.len() {
                let time = wanted(deal);
                if !time.is_nan() {
                    rows.push(deals.row[deal]);
                    times.push(time);
                }
            }
            events(book, place, rows, times)
        };
        let created = of(book, &|deal| deals.created[deal]);
        let closed = of(book, &|deal| if ended(deals.outcome[deal]) { deals.closed[deal] } else { f64::NAN });
        let column = named(&loaded.summary.mapping.deals, DealRole::CreatedAt);
        let look = Look::new("no_new_deals", column, Severity::Warning, MISLEADS);
        silence(book, place, &look, &created.days);
        crowded(book, "import_spike", column, &created);
        minutes(book, column, &created);
        let column = attribute(deals, "closed_at").map(|attribute| attribute.name.as_str());
        crowded(book, "bulk_close_day", column, &closed);
        all.extend([created.days, closed.days]);
        if let Some(passages) = &loaded.crm.passages {
            // Days with any are asked for, not how many: of millions, evenly spaced ones and the newest show them all.
            let step = passages.len().div_ceil(200_000).max(1);
            let mut entered: Vec<f64> = passages.entered.iter().step_by(step).copied().collect();
            entered.extend(passages.entered.iter().copied().reduce(f64::max));
            all.push(days_of(book, &entered, &|_| 1.0));
        }
    }
    if let (Some(place), Some(orders)) = (book.place(TableKind::Orders), &loaded.crm.orders) {
        let touches: &[Touch] = &[(SEGMENTS, false)];
        let column = named(&loaded.summary.mapping.orders, OrderRole::Date);
        let ordered = days_of(book, &orders.date, &|_| 1.0);
        silence(book, place, &Look::new("no_new_orders", column, Severity::Warning, touches), &ordered);
        let first = days_of(book, &first_orders(&orders.customer, &orders.date), &|_| 1.0);
        // Customers who stopped coming may be what the file was made for: a cohort.
        silence(book, place, &Look::new("no_new_customers", column, Severity::Info, touches), &first);
        partial_month(book, place, column, &orders.date, &orders.weight);
        all.push(ordered);
    }
    if let Some(place) = book.place_of_deals().or_else(|| book.place(TableKind::Orders)) {
        let any = together(&all);
        silence(book, place, &Look::new("stale_data", None, Severity::Warning, ALL), &any);
    }
}

fn local_day(loaded: &Loaded, instant: f64) -> f64 {
    if instant.is_nan() { f64::NAN } else { f64::from(loaded.crm.time.zone.day(instant)) }
}

fn events(book: &Book<'_>, place: usize, rows: Vec<u32>, times: Vec<f64>) -> Events {
    let days = days_of(book, &times, &|at| book.weight(place, rows[at]));
    Events { place, rows, times, days }
}

/// The days of `times`; empty where there are none, or where their span is no rhythm.
fn days_of(book: &Book<'_>, times: &[f64], weight: &dyn Fn(usize) -> f64) -> Days {
    let mut zone = book.loaded.crm.time.zone.cursor();
    let days: Vec<i32> = times.iter().map(|time| zone.day(*time)).collect();
    let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else { return Days::default() };
    let span = i64::from(*last) - i64::from(*first) + 1;
    if span > LONGEST_DAYS {
        return Days::default();
    }
    let mut counts = vec![0.0; span as usize];
    let of: Vec<u32> = days.iter().map(|day| (day - first) as u32).collect();
    for (at, day) in of.iter().enumerate() {
        counts[*day as usize] += weight(at);
    }
    Days { first: f64::from(*first), counts, of }
}

/// All of them on one calendar.
fn together(all: &[Days]) -> Days {
    let used = || all.iter().filter(|days| !days.counts.is_empty());
    let first = used().map(|days| days.first).fold(f64::NAN, f64::min);
    let end = used().map(|days| days.first + days.counts.len() as f64).fold(f64::NAN, f64::max);
    // Not a number of days where there are none; several spans can be longer together than any may be.
    let span = ((end - first) as usize).min(2 * LONGEST_DAYS as usize);
    let mut counts = vec![0.0; span];
    for days in used() {
        let begin = (days.first - first) as usize;
        for (count, more) in counts.iter_mut().skip(begin).zip(&days.counts) {
            *count += more;
        }
    }
    Days { first, counts, of: Vec::new() }
}

/// Nothing new for three times as long as ever before, and for at least two weeks: after ten days with news, a pause that long is no
/// pause of the usual rhythm, whatever that is.
fn silence(book: &mut Book<'_>, place: usize, look: &Look<'_>, days: &Days) {
    let Days { first, counts, .. } = days;
    let (mut pause, mut longest, mut active) = (0_u32, 0_u32, 0_u32);
    for count in counts {
        if *count > 0.0 {
            longest = longest.max(pause);
            (pause, active) = (0, active + 1);
        }
        pause += 1;
    }
    let last = first + counts.len() as f64 - 1.0;
    let quiet = local_day(book.loaded, book.loaded.crm.as_of) - last;
    if active >= 10 && quiet >= 14.0 && quiet > 3.0 * f64::from(longest) {
        let total = book.total(place);
        if let Some(finding) = book.add_counted(place, look, Vec::new(), (quiet, quiet)) {
            finding.example_values = vec![iso_text(last * DAY_MS, true)];
            finding.costs.iter_mut().for_each(|cost| (cost.rows, cost.of) = (0, total.round() as u64));
        }
    }
}

/// Days on which far more happens than on the four weeks before and after: beyond three times their median, their median by 8 scaled
/// deviations, and any Poisson count of that mean.
fn crowded(book: &mut Book<'_>, code: &str, column: Option<&str>, events: &Events) {
    let Days { first, counts, of: days } = &events.days;
    let mut is = vec![false; counts.len()];
    for (day, count) in counts.iter().enumerate() {
        if *count < 10.0 {
            continue;
        }
        let window = day.saturating_sub(NEIGHBOURS)..(day + NEIGHBOURS + 1).min(counts.len());
        // Days off are no neighbours: without them a file of working days stays quiet.
        let others = weighted(window.len(), &|at| {
            let other = window.start + at;
            (if other != day && counts[other] > 0.0 { counts[other] } else { f64::NAN }, 1.0)
        });
        if others.len() < 10 {
            continue;
        }
        let (median, deviation) = centre(&others);
        is[day] = *count > 3.0 * median && *count > median + 8.0 * deviation && no_chance(*count, median, counts.len());
    }
    let mut rows = rows_where(days.len(), &|at| is[days[at] as usize]);
    rows.iter_mut().for_each(|at| *at = events.rows[*at as usize]);
    let total = book.sum(events.place, &events.rows);
    let crowded = rows_where(is.len(), &|day| is[day]);
    let text = |day: &u32| format!("{}: {}", iso_text((first + f64::from(*day)) * DAY_MS, true), counts[*day as usize]);
    let days: Vec<String> = crowded.iter().take(EXAMPLES).map(text).collect();
    if let Some(finding) = book.add(events.place, &Look::new(code, column, Severity::Warning, MISLEADS), rows, total) {
        finding.example_values = days;
    }
}

/// Minutes in which far more deals begin than that day's own number explains, spread over the eight hours of a working day.
fn minutes(book: &mut Book<'_>, column: Option<&str>, events: &Events) {
    const MINUTES: usize = 1440;
    let minute = |time: f64| (libm::floor(time / 60_000.0) as i64).rem_euclid(MINUTES as i64) as usize;
    let Days { counts, of: days, .. } = &events.days;
    // Dates alone say nothing about minutes; times on the half hour are dates of another zone. A span that is no rhythm has no days.
    if counts.is_empty() || events.times.iter().all(|time| time % 1_800_000.0 == 0.0) {
        return;
    }
    // Events by day, by counting.
    let day_of = |at: usize| days[at] as usize;
    let mut starts = vec![0_usize; counts.len() + 1];
    (0..events.times.len()).for_each(|at| starts[day_of(at) + 1] += 1);
    (0..counts.len()).for_each(|day| starts[day + 1] += starts[day]);
    let mut next = starts.clone();
    let mut by_day = vec![0_usize; events.times.len()];
    for at in 0..events.times.len() {
        by_day[next[day_of(at)]] = at;
        next[day_of(at)] += 1;
    }
    let mut rows = Vec::new();
    let mut per_minute = vec![0.0; MINUTES];
    for day in 0..counts.len() {
        let own = &by_day[starts[day]..starts[day + 1]];
        if counts[day] < 20.0 {
            continue;
        }
        per_minute.fill(0.0);
        let of = |at: &usize| minute(events.times[*at]);
        own.iter().for_each(|at| per_minute[of(at)] += book.weight(events.place, events.rows[*at]));
        let crowded =
            |count: f64| count >= 20.0 && no_chance(count, (counts[day] - count) / 480.0, counts.len() * MINUTES);
        rows.extend(own.iter().filter(|at| crowded(per_minute[of(at)])).map(|at| events.rows[*at]));
    }
    // Those of a crowded day are told already.
    let told = book.findings.iter().find(|finding| finding.code == "import_spike");
    let told_rows: &[u32] = told.map_or(&[], |finding| &finding.rows);
    let mut seen = vec![false; book.table(events.place).rows()];
    told_rows.iter().for_each(|row| seen[*row as usize] = true);
    rows.retain(|row| !seen[*row as usize]);
    let total = book.sum(events.place, &events.rows);
    book.add(events.place, &Look::new("import_minute", column, Severity::Warning, MISLEADS), rows, total);
}

fn first_orders(customer: &Texts, dates: &[f64]) -> Vec<f64> {
    let mut first = vec![f64::NAN; customer.levels.len()];
    for (code, date) in customer.codes.iter().zip(dates) {
        if let Some(first) = first.get_mut(*code as usize) {
            *first = first.min(*date);
        }
    }
    first.retain(|date| !date.is_nan());
    first
}

/// A last month that has a last day still to come: it must not be read as a fall.
fn partial_month(book: &mut Book<'_>, place: usize, column: Option<&str>, dates: &[f64], weights: &[f64]) {
    let last = local_day(book.loaded, dates.iter().copied().fold(f64::NAN, f64::max));
    // The day of the month ends the text.
    let of_month = |day: f64| iso_text(day * DAY_MS, true).rsplit('-').next().and_then(|day| day.parse::<f64>().ok());
    if last.is_nan() {
        return;
    }
    let (Some(today), Some(tomorrow)) = (of_month(last), of_month(last + 1.0)) else { return };
    if tomorrow == 1.0 {
        return;
    }
    let begins = last - today + 1.0;
    let in_month = |at: usize| local_day(book.loaded, dates[at]) >= begins;
    let count = sum_of(dates.len(), &|at| if in_month(at) { weights[at] } else { 0.0 });
    let touches: &[Touch] = &[(SEGMENTS, false)];
    let found = book.add_counted(
        place,
        &Look::new("partial_last_month", column, Severity::Info, touches),
        Vec::new(),
        (count, weights.iter().sum()),
    );
    if let Some(finding) = found {
        finding.example_values = vec![iso_text(last * DAY_MS, true)];
    }
}

/// Dates of events before 1990, or later than the newest tenth of them by more than the whole span of the middle and a year: one
/// typing error in a year would otherwise move the instant of the analysis, and with it the age of everything.
fn out_of_range(book: &mut Book<'_>) {
    let mapping = &book.loaded.summary.mapping;
    let columns = [
        (TableKind::Deals, named(&mapping.deals, DealRole::CreatedAt)),
        (TableKind::Deals, named(&mapping.deals, DealRole::ClosedAt)),
        (TableKind::Deals, named(&mapping.deals, DealRole::ExpectedClose)),
        (TableKind::History, named(&mapping.history, HistoryRole::EnteredAt)),
        (TableKind::Orders, named(&mapping.orders, OrderRole::Date)),
    ];
    for (kind, name) in columns {
        let (Some(place), Some(name)) = (book.place(kind), name) else { continue };
        let Some(Values::Instants(values)) = book.table(place).column(name).map(|column| &column.values) else {
            continue;
        };
        let sorted = Sorted::new(
            &values.iter().enumerate().map(|(row, value)| (*value, book.weight(place, row as u32))).collect::<Vec<_>>(),
        );
        let (low, high) = (sorted.quantile(0.1), sorted.quantile(0.9));
        let latest = high + (high - low) + 366.0 * DAY_MS;
        let touches: &[Touch] = match kind {
            TableKind::Orders => &[(SEGMENTS, false)],
            _ => MISLEADS,
        };
        let rows = rows_where(values.len(), &|row| values[row] < OLDEST || values[row] > latest);
        // A later date moves the instant of the analysis unless that was given.
        let moves = rows.iter().any(|row| values[*row as usize] == book.loaded.crm.as_of);
        let severity = if moves { Severity::Error } else { Severity::Warning };
        let total = book.total(place);
        book.add(place, &Look::new("date_out_of_range", Some(name), severity, touches), rows, total);
    }
}
