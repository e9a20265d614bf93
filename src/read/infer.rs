//! The type of a column from all of its values, and the column in that type.

use super::ColumnFacts;
use super::cells::{Cells, Typed};
use super::dates::{self, Order};
use super::interner::Interner;
use super::numbers::{self, DecimalMark};
use super::rows::EXAMPLES;
use crate::crm::LeftOut;
use crate::table::{Levels, Texts, Values};
use crate::time::{LocalTime, TimeZone};

/// Share of the non-missing values that must fit a type.
pub(super) const TYPED_SHARE: f64 = 0.9;

/// Whether a text stands for no value.
pub(super) fn is_missing(text: &str) -> bool {
    const TOKENS: [&str; 14] =
        ["null", "(null)", "n/a", "#n/a", "nan", "none", "nil", "-", "--", "---", "–", "—", "\\n", "<na>"];
    text.is_empty() || text == "NA" || (text.len() <= 7 && TOKENS.iter().any(|t| text.eq_ignore_ascii_case(t)))
}

/// What a column turned out to be.
enum Reading {
    Text,
    Numbers { written: Vec<Option<numbers::Written>>, mark: DecimalMark },
    Dates(Dates),
}

/// A column of dates whose order may depend on the other columns.
struct Dates {
    written: Vec<Option<dates::Written>>,
    order: Order,
    evidence: String,
    /// Whether the values alone could not tell the order.
    is_guess: bool,
}

/// Types the columns that are texts still, by all of their values. `comma_likely`: fields are separated by `;`, so a decimal comma is likely.
pub(super) fn infer(
    table: &str,
    names: &[String],
    columns: Vec<Cells>,
    lines: &[u32],
    comma_likely: bool,
    time: &LocalTime,
) -> Vec<Typed> {
    let missing: Vec<Vec<bool>> = columns
        .iter()
        .map(|column| match column {
            Cells::Texts(column) | Cells::Read(column) => {
                (0..column.len()).map(|code| is_missing(column.text(code))).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    let mut readings: Vec<Reading> = Vec::with_capacity(columns.len());
    for ((name, column), missing) in names.iter().zip(&columns).zip(&missing) {
        readings.push(match column {
            Cells::Texts(column) | Cells::Read(column) => {
                let lunar = dates::is_lunar(name, time.periods.calendar);
                read(name, column, missing, comma_likely, lunar)
            }
            _ => Reading::Text,
        });
    }
    share_order(names, &mut readings);
    let columns = names.iter().zip(columns).zip(readings).zip(missing);
    columns
        .map(|(((name, column), reading), missing)| match column {
            Cells::Texts(column) | Cells::Read(column) if matches!(reading, Reading::Text) => {
                let (texts, facts) = text_column(column, &missing);
                Typed { values: Values::Texts(texts), facts, unreadable: None }
            }
            Cells::Texts(column) | Cells::Read(column) => {
                let (values, facts, unread) = typed(&column, &missing, reading, &time.zone);
                let is_unread = |code: u32| unread.get(code as usize) == Some(&true);
                let rows = (0_u32..).zip(&column.codes).filter(|(_, code)| is_unread(**code));
                let rows: Vec<(u32, &str)> = rows.map(|(row, code)| (row, column.text(*code as usize))).collect();
                Typed { values, facts, unreadable: unreadable(table, name, &rows, lines) }
            }
            Cells::Typed(typed) => *typed,
            // The others have been finished before; a column without values stands in for what cannot be.
            _ => Typed {
                values: Values::Numbers(vec![f64::NAN; lines.len()]),
                facts: ColumnFacts::default(),
                unreadable: None,
            },
        })
        .collect()
}

fn read(name: &str, column: &Interner, missing: &[bool], comma_likely: bool, lunar: bool) -> Reading {
    let present: Vec<usize> = (0..column.len()).filter(|code| !missing[*code]).collect();
    let rows: u64 = present.iter().map(|code| u64::from(column.counts[*code])).sum();
    if rows == 0 {
        return Reading::Text;
    }
    let enough = |fitting: u64| fitting as f64 >= TYPED_SHARE * rows as f64;
    // Columns of free text show themselves in a few values.
    let sample = present.iter().step_by(present.len().div_ceil(64).max(1)).copied();
    let (mut sampled, mut promising) = (0, 0);
    for code in sample {
        sampled += 1;
        let text = column.text(code);
        promising += u32::from(numbers::Written::parse(text).is_some() || dates::Written::parse(text).is_some());
    }
    if present.len() > 256 && f64::from(promising) < 0.5 * f64::from(sampled) && column.counts.iter().all(|c| *c < 64) {
        return Reading::Text;
    }
    let count = |code: usize| u64::from(column.counts[code]);

    let mut written_dates: Vec<Option<dates::Written>> = vec![None; column.len()];
    let mut compact = 0;
    for code in &present {
        let mut written = dates::Written::parse(column.text(*code));
        if let Some(written) = &mut written {
            written.lunar = lunar;
        }
        written_dates[*code] = written;
        compact += usize::from(written_dates[*code].is_some_and(|w| w.separator == '\0' && !w.has_time));
    }
    let dated: u64 = present.iter().filter(|code| written_dates[**code].is_some()).map(|code| count(*code)).sum();
    // Eight digits are days only where all values are, and the header or their number says that this is no accident.
    let utc = TimeZone::utc();
    let plausible = |w: &dates::Written| {
        w.instant(Order::YearMonthDay, &utc).is_some() && (matches!(w.parts[0], 1900..=2100 | 1300..=1499))
    };
    let compact_fits = compact == 0
        || (compact == present.len()
            && written_dates.iter().flatten().all(plausible)
            && (present.len() >= 20 || says_date(name)));
    if enough(dated)
        && compact_fits
        && let Some(dates) = decided_order(written_dates, column)
        && enough(fitting_dates(&dates.written, dates.order, column))
    {
        return Reading::Dates(dates);
    }

    let mut written: Vec<Option<numbers::Written>> = vec![None; column.len()];
    for code in &present {
        written[*code] = numbers::Written::parse(column.text(*code));
    }
    let values = || written.iter().zip(&column.counts).filter_map(|(w, count)| w.as_ref().map(|w| (w, *count)));
    let numeric: u64 = values().map(|(_, count)| u64::from(count)).sum();
    if enough(numeric) && (!values().any(|(w, _)| w.is_code()) || values().any(|(w, _)| w.is_separated())) {
        let mark = numbers::decimal_mark(values(), comma_likely);
        let fitting: u64 = values().filter(|(w, _)| w.value(mark).is_some()).map(|(_, count)| u64::from(count)).sum();
        if enough(fitting) {
            return Reading::Numbers { written, mark };
        }
    }
    Reading::Text
}

fn says_date(name: &str) -> bool {
    let name = super::case::lowered(name);
    ["date", "day", "time", "_at", "created", "closed", "تاریخ", "تاريخ", "زمان", "column_"]
        .iter()
        .any(|w| name.contains(w))
}

fn fitting_dates(written: &[Option<dates::Written>], order: Order, column: &Interner) -> u64 {
    let utc = TimeZone::utc();
    let fits = |w: &dates::Written| w.instant(order, &utc).is_some();
    written.iter().zip(&column.counts).filter(|(w, _)| w.as_ref().is_some_and(fits)).map(|(_, c)| u64::from(*c)).sum()
}

/// The order of day and month, by the days above 12, else by the order of the rows, else guessed.
fn decided_order(written: Vec<Option<dates::Written>>, column: &Interner) -> Option<Dates> {
    let open = |w: &&dates::Written| w.own_order().is_none();
    let Some(first_open) = written.iter().flatten().find(open) else {
        let first = written.iter().flatten().next()?;
        let order = first.own_order().unwrap_or(Order::YearMonthDay);
        let evidence = if order == Order::YearMonthDay { "the year stands first" } else { "the month is a word" };
        return Some(Dates { written, order, evidence: evidence.into(), is_guess: false });
    };
    let day_first = fitting_dates(&written, Order::DayMonthYear, column);
    let month_first = fitting_dates(&written, Order::MonthDayYear, column);
    let above_12 = |part: usize| {
        let above =
            |w: &Option<dates::Written>| w.as_ref().is_some_and(|w| w.own_order().is_none() && w.parts[part] > 12);
        let rows = written.iter().zip(&column.counts).filter(|(w, _)| above(w));
        rows.map(|(_, count)| u64::from(*count)).sum::<u64>()
    };
    let (order, evidence, is_guess) = if day_first != month_first {
        if day_first > month_first {
            (Order::DayMonthYear, format!("{} values have a first number above 12", above_12(0)), false)
        } else {
            (Order::MonthDayYear, format!("{} values have a second number above 12", above_12(1)), false)
        }
    } else {
        let day = rising_steps(&written, Order::DayMonthYear, column);
        let month = rising_steps(&written, Order::MonthDayYear, column);
        if day.0 != month.0 && day.1 >= 8 && (day.0.max(month.0) as f64) >= 0.95 * day.1 as f64 {
            let order = if day.0 > month.0 { Order::DayMonthYear } else { Order::MonthDayYear };
            (order, format!("rows are in order of time in {} of {} steps", day.0.max(month.0), day.1), false)
        } else if first_open.twelve_hours {
            (Order::MonthDayYear, "guess: no day above 12; AM and PM are used".into(), true)
        } else {
            (Order::DayMonthYear, "guess: no day above 12".into(), true)
        }
    };
    Some(Dates { written, order, evidence, is_guess })
}

/// Steps between different neighbouring values that go forward in time (or backward, whichever are more), and all such steps.
fn rising_steps(written: &[Option<dates::Written>], order: Order, column: &Interner) -> (usize, usize) {
    let utc = TimeZone::utc();
    let instants: Vec<Option<f64>> = written.iter().map(|w| w.as_ref().and_then(|w| w.instant(order, &utc))).collect();
    let (mut up, mut down) = (0_usize, 0_usize);
    let mut before: Option<f64> = None;
    for code in column.codes.iter().take(20_000) {
        let Some(now) = instants.get(*code as usize).copied().flatten() else { continue };
        if let Some(before) = before {
            up += usize::from(now > before);
            down += usize::from(now < before);
        }
        before = Some(now);
    }
    (up.max(down), up + down)
}

/// A column whose order is a guess takes the order that another column of the table proves.
fn share_order(names: &[String], readings: &mut [Reading]) {
    let proof = readings.iter().zip(names).find_map(|(reading, name)| match reading {
        Reading::Dates(dates) if !dates.is_guess && dates.order != Order::YearMonthDay => {
            Some((dates.order, name.clone()))
        }
        _ => None,
    });
    let Some((order, name)) = proof else { return };
    for reading in readings {
        if let Reading::Dates(dates) = reading
            && dates.is_guess
        {
            dates.order = order;
            dates.evidence = format!("as column {name}");
        }
    }
}

/// The column in its type, the facts about it, and which distinct values the type could not take.
fn typed(column: &Interner, missing: &[bool], reading: Reading, zone: &TimeZone) -> (Values, ColumnFacts, Vec<bool>) {
    let (by_code, mut facts, is_instant) = match reading {
        Reading::Text => return (Values::Texts(Texts::default()), ColumnFacts::default(), Vec::new()),
        Reading::Numbers { written, mark } => {
            let value = |w: &Option<numbers::Written>| {
                w.as_ref().and_then(|w| w.value(mark)).map_or(f64::NAN, numbers::within_bounds)
            };
            (
                written.iter().map(value).collect::<Vec<f64>>(),
                ColumnFacts { kind: "number", ..Default::default() },
                false,
            )
        }
        Reading::Dates(dates) => {
            let order = dates.order;
            let value =
                |w: &Option<dates::Written>| w.as_ref().and_then(|w| w.instant(order, zone)).unwrap_or(f64::NAN);
            let by_code: Vec<f64> = dates.written.iter().map(value).collect();
            (by_code, date_facts(&dates, column), true)
        }
    };
    let unread: Vec<bool> = by_code.iter().zip(missing).map(|(value, missing)| value.is_nan() && !missing).collect();
    facts.examples = examples(column, |code| !by_code[code].is_nan());
    // Codes index the distinct values they were made from.
    let values: Vec<f64> = column.codes.iter().map(|code| by_code[*code as usize]).collect();
    facts.missing = values.iter().filter(|value| value.is_nan()).count();
    (if is_instant { Values::Instants(values) } else { Values::Numbers(values) }, facts, unread)
}

fn text_column(column: Interner, missing: &[bool]) -> (Texts, ColumnFacts) {
    let absent =
        column.counts.iter().zip(missing).filter(|(_, missing)| **missing).map(|(count, _)| *count as usize).sum();
    let mut texts = column.into_texts();
    if missing.contains(&true) {
        let mut code_of = Vec::with_capacity(missing.len());
        let mut levels = Levels::default();
        for (level, missing) in texts.levels.iter().zip(missing) {
            code_of.push(if *missing { Texts::MISSING } else { levels.len() as u32 });
            if !missing {
                levels.push(level);
            }
        }
        texts.codes.iter_mut().for_each(|code| *code = code_of.get(*code as usize).copied().unwrap_or(Texts::MISSING));
        texts.levels = levels;
    }
    let facts = ColumnFacts {
        kind: "text",
        missing: absent,
        distinct: Some(texts.levels.len()),
        examples: texts.levels.iter().take(3).map(str::to_owned).collect(),
        ..Default::default()
    };
    (texts, facts)
}

fn date_facts(dates: &Dates, column: &Interner) -> ColumnFacts {
    let counted =
        || dates.written.iter().zip(&column.counts).filter_map(|(w, c)| w.as_ref().map(|w| (w, u64::from(*c))));
    let rows = |wanted: &dyn Fn(&dates::Written) -> bool| {
        counted().filter(|(w, _)| wanted(w)).map(|(_, count)| count).sum::<u64>()
    };
    let all = rows(&|_| true);
    let hijri = rows(&|w| w.is_hijri(dates.order));
    let padded = counted().all(|(w, _)| w.widths.iter().all(|width| *width != 1));
    let most = hijri * 2 > all;
    let shown = counted().find(|(w, _)| w.is_hijri(dates.order) == most).map(|(w, _)| w.layout(dates.order, padded));
    let mut evidence = dates.evidence.clone();
    if hijri > 0 {
        evidence = format!("{evidence}; {hijri} of {all} years lie between 1300 and 1499");
    }
    ColumnFacts { kind: "instant", date_order: shown, date_evidence: Some(evidence), ..Default::default() }
}

fn examples(column: &Interner, wanted: impl Fn(usize) -> bool) -> Vec<String> {
    (0..column.len()).filter(|code| wanted(*code)).take(3).map(|code| column.text(code).to_owned()).collect()
}

/// The values of these rows, which the type of the column could not take.
pub(super) fn unreadable(table: &str, name: &str, rows: &[(u32, &str)], lines: &[u32]) -> Option<LeftOut> {
    let examples = || rows.iter().take(EXAMPLES);
    (!rows.is_empty()).then(|| LeftOut {
        table: table.into(),
        reason: "unreadable_value".into(),
        count: rows.len() as u64,
        example_lines: examples().map(|(row, _)| lines.get(*row as usize).copied().unwrap_or(row + 2)).collect(),
        example_values: examples().map(|(_, text)| format!("{name}: {text}")).collect(),
        rows: rows.iter().map(|(row, _)| *row).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Source, csv_with};
    use crate::table::Values;
    use crate::time::{LocalTime, TimeZone};

    fn source(text: &str) -> Source {
        csv_with("t.csv", text.as_bytes(), &LocalTime::default()).expect("readable")
    }

    fn kinds(text: &str) -> Vec<&'static str> {
        source(text).columns.iter().map(|facts| facts.kind).collect()
    }

    #[test]
    fn columns_are_typed_by_nine_tenths_of_their_values() {
        let numbers = |bad: usize| {
            let rows: String = (0..20).map(|i| if i < bad { "x\n".into() } else { format!("{i}\n") }).collect();
            kinds(&format!("n\n{rows}"))
        };
        assert_eq!((numbers(2), numbers(3)), (vec!["number"], vec!["text"]));
        assert_eq!(
            kinds("zip,n,d,e\n00123,1,2020-01-01,\n01234,NULL,2020-01-02,n/a\n"),
            ["text", "number", "instant", "text"]
        );
    }

    #[test]
    fn values_that_do_not_fit_are_missing_and_listed() {
        let rows: String = (1..=19).map(|i| format!("2020-01-{i:02},{i}\n")).collect();
        let source = source(&format!("d,n\n{rows}2020-02-31,20\n"));
        assert_eq!(source.columns[0].missing, 1);
        let left_out = &source.left_out[0];
        assert_eq!((left_out.reason.as_str(), left_out.count), ("unreadable_value", 1));
        assert_eq!(
            (left_out.example_lines.as_slice(), left_out.example_values[0].as_str()),
            (&[21][..], "d: 2020-02-31")
        );
    }

    #[test]
    fn order_of_dates_is_decided_for_the_column_and_shared_within_the_table() {
        let source = source("a,b,c\n1/2/20,13-01-20,3/4/20\n5/2/20,02-03-20,1/4/20\n");
        let orders: Vec<_> = source.columns.iter().map(|f| f.date_order.clone().unwrap_or_default()).collect();
        assert_eq!(orders, ["d/m/yy", "dd-mm-yy", "d/m/yy"]);
        assert_eq!(source.columns[0].date_evidence.as_deref(), Some("as column b"));
        let alone = super::super::csv("t", b"a,x\n1/2/20,u\n5/2/20,v\n").expect("readable");
        assert_eq!(alone.columns[0].date_evidence.as_deref(), Some("guess: no day above 12"));
        let online = super::super::csv("t", b"a\n12/1/10 8:26\n12/13/10 9:00\n").expect("readable");
        assert_eq!(online.columns[0].date_order.as_deref(), Some("m/d/yy"));
    }

    #[test]
    fn eight_digits_are_days_only_where_the_header_says_so() {
        assert_eq!(kinds("order_date,sku\n20200131,20200131\n20200201,20200201\n"), ["instant", "number"]);
        assert_eq!(kinds("order_date\n20200131\n20209999\n"), ["number"]);
    }

    #[test]
    fn a_time_without_zone_is_local_to_the_offset() {
        let zone = |minutes| LocalTime { zone: TimeZone::fixed(minutes).expect("valid"), ..LocalTime::default() };
        let at = |minutes| match csv_with("t", b"d\n2020-01-01\n", &zone(minutes)).expect("readable").table.columns()[0]
            .values
        {
            Values::Instants(ref values) => values[0],
            _ => f64::NAN,
        };
        assert_eq!(at(0) - at(210), 210.0 * 60_000.0);
    }
}
