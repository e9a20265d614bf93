//! What concerns any table: repeated rows, texts and numbers that stand for “nothing”, values far off, codes unlike the others, guesses of
//! the reader, and keys without a partner.

use super::book::{ALL, Book, Look, Touch, flags, levels_with, rows_where, rows_with, sum_of, weighted};
use super::deals::by_level;
use super::robust::centre;
use super::{EXAMPLES, FORECAST, FUNNEL, SEGMENTS, Severity};
use crate::crm::TableKind;
use crate::read::fold::folded;
use crate::stats::order::sorted_rows;
use crate::table::{Table, Texts, Values};

/// Folded texts that say that nothing is known.
const PLACEHOLDERS: [&str; 13] = [
    "unknown",
    "unspecified",
    "undefined",
    "notset",
    "notspecified",
    "notavailable",
    "tbd",
    "tba",
    "missing",
    "نامشخص",
    "نامعلوم",
    "غیرمعروف",
    "غیرمحدد",
];
/// Numbers that stand for “none” where all others are not negative.
const SENTINELS: [f64; 5] = [-1.0, -9.0, -99.0, -999.0, -9999.0];
/// Scaled deviations from the median beyond which a value is far off: no bell curve has such values, and a tail that has them
/// wants a logarithm before anything is averaged or clustered.
const FAR: f64 = 30.0;

pub(super) fn check(book: &mut Book<'_>) {
    for place in 0..book.loaded.tables.len() {
        let total = book.total(place);
        let rows = book.table(place).rows();
        let touches = users(book.loaded.tables[place].kind);
        let all: Vec<usize> = (0..book.table(place).columns().len()).collect();
        let again = repeated(book.table(place), &all, &|_| true);
        let count = (again.len() as f64, rows as f64);
        book.add_counted(place, &Look::new("duplicate_row", None, Severity::Warning, touches), again, count);
        for (at, column) in book.table(place).columns().iter().enumerate() {
            let (name, role) = (column.name.as_str(), role_at(book, place, at));
            if book.loaded.tables[place].source.columns.get(at).is_some_and(|facts| facts.missing == rows) {
                let every = rows_where(rows, &|_| true);
                book.add(place, &Look::new("empty_column", Some(name), Severity::Info, &[]), every, total);
                continue;
            }
            match &column.values {
                Values::Texts(texts) => of_texts(book, place, name, texts, total, touches),
                Values::Numbers(values) if !role.is_some_and(|role| role.ends_with("id") || role == "weight") => {
                    of_numbers(book, place, name, values, total, touches);
                }
                _ => {}
            }
        }
    }
    guesses(book);
    joins(book);
}

/// Analyses that rest on a table.
pub(super) fn users(kind: TableKind) -> &'static [Touch] {
    match kind {
        TableKind::Deals => ALL,
        TableKind::History => &[(FUNNEL, false)],
        TableKind::Orders | TableKind::Customers => &[(SEGMENTS, false)],
        TableKind::Interactions => &[],
        _ => &[(FORECAST, false)],
    }
}

/// Role of column `at`, if any.
pub(super) fn role_at<'a>(book: &Book<'a>, place: usize, at: usize) -> Option<&'a str> {
    book.loaded.summary.tables.get(place)?.columns.get(at)?.role.as_deref()
}

/// The rows for which `wanted` holds and that are equal to an earlier one of them in all of `columns`.
pub(super) fn repeated(table: &Table, columns: &[usize], wanted: &dyn Fn(usize) -> bool) -> Vec<u32> {
    const EMPTY: u32 = u32::MAX;
    let n = table.rows();
    let columns: Vec<&Values> = columns.iter().filter_map(|at| table.columns().get(*at)).map(|c| &c.values).collect();
    if columns.is_empty() {
        return Vec::new();
    }
    let bits = |values: &Values, row: usize| match values {
        Values::Texts(texts) => u64::from(texts.codes[row]),
        // One NaN, one zero.
        Values::Numbers(values) | Values::Instants(values) if values[row].is_nan() => u64::MAX,
        Values::Numbers(values) | Values::Instants(values) => (values[row] + 0.0).to_bits(),
    };
    let mut hashes = vec![0_u64; n];
    for values in &columns {
        for (row, hash) in hashes.iter_mut().enumerate() {
            *hash = (hash.rotate_left(5) ^ bits(values, row)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    let size = (n * 2).next_power_of_two().max(2);
    let mut slots = vec![EMPTY; size];
    let mut again = Vec::new();
    for row in (0..n).filter(|row| wanted(*row)) {
        let mut slot = (hashes[row] ^ (hashes[row] >> 32)) as usize & (size - 1);
        loop {
            let other = slots[slot];
            if other == EMPTY {
                slots[slot] = row as u32;
                break;
            }
            let same = |values: &&Values| bits(values, row) == bits(values, other as usize);
            if hashes[other as usize] == hashes[row] && columns.iter().all(same) {
                again.push(row as u32);
                break;
            }
            slot = (slot + 1) & (size - 1);
        }
    }
    again
}

fn of_texts(book: &mut Book<'_>, place: usize, name: &str, texts: &Texts, total: f64, touches: &[Touch]) {
    let rows = texts.codes.len();
    // More levels than this name things, one by one.
    if texts.levels.len() > 50_000 {
        return;
    }
    let levels = texts.levels.len();
    let nothing = flags(levels, &|at| PLACEHOLDERS.contains(&folded(&texts.levels[at]).as_str()));
    if nothing.contains(&true) {
        book.add(
            place,
            &Look::new("placeholder_value", Some(name), Severity::Info, touches),
            rows_with(texts, &nothing),
            total,
        );
    }
    // Codes hold a digit; the few that hold none are no codes of the kind: postage, fees, tests.
    if levels >= 20 && levels * 10 < rows {
        let odd = flags(levels, &|at| !folded(&texts.levels[at]).bytes().any(|byte| byte.is_ascii_digit()));
        let found = rows_with(texts, &odd);
        if found.len() * 20 <= rows
            && let Some(finding) =
                book.add(place, &Look::new("odd_code", Some(name), Severity::Info, touches), found, total)
        {
            finding.example_values = levels_with(texts, &odd);
        }
    }
}

fn of_numbers(book: &mut Book<'_>, place: usize, name: &str, values: &[f64], total: f64, touches: &[Touch]) {
    let (mut present, mut negative, mut stand_ins, mut lowest) = (0_usize, 0_usize, 0_usize, f64::NAN);
    for value in values.iter().copied().filter(|value| !value.is_nan()) {
        present += 1;
        negative += usize::from(value < 0.0);
        if value < lowest || lowest.is_nan() {
            (lowest, stand_ins) = (value, 0);
        }
        stand_ins += usize::from(value == lowest);
    }
    // One in a hundred: a single −1 may be a number.
    if SENTINELS.contains(&lowest) && negative == stand_ins && stand_ins * 100 >= present {
        let rows = rows_where(values.len(), &|row| values[row] == lowest);
        book.add(place, &Look::new("sentinel_value", Some(name), Severity::Warning, touches), rows, total);
    }
    if present < 50 {
        return;
    }
    let of = |zeros: bool| {
        centre(&weighted(values.len(), &|row| {
            let value = values[row];
            let stands_in = value == 0.0 || (negative == stand_ins && value == lowest);
            (if stands_in && !zeros { f64::NAN } else { value }, book.weight(place, row as u32))
        }))
    };
    let (mut median, mut deviation) = of(true);
    if deviation == 0.0 {
        (median, deviation) = of(false);
    }
    if deviation > 0.0 {
        let far = rows_where(values.len(), &|row| (values[row] - median).abs() > FAR * deviation);
        // The farthest first.
        let order = sorted_rows(far.len(), &mut |a, b| {
            let distance = |at: usize| (values[far[at] as usize] - median).abs();
            distance(b).total_cmp(&distance(a))
        });
        let far = order.into_iter().map(|at| far[at]).collect();
        book.add(place, &Look::new("extreme_value", Some(name), Severity::Info, touches), far, total);
    }
}

/// Dates whose order is a guess.
fn guesses(book: &mut Book<'_>) {
    for (place, table) in book.loaded.summary.tables.iter().enumerate() {
        for column in &table.columns {
            if !column.date_evidence.as_deref().is_some_and(|evidence| evidence.starts_with("guess")) {
                continue;
            }
            let severity = if column.role.is_some() { Severity::Error } else { Severity::Warning };
            let Some(Values::Instants(values)) = book.table(place).column(&column.name).map(|column| &column.values)
            else {
                continue;
            };
            let rows = rows_where(values.len(), &|row| !values[row].is_nan());
            let (total, touches) = (book.total(place), users(book.loaded.tables[place].kind));
            if let Some(finding) =
                book.add(place, &Look::new("guessed_date_order", Some(&column.name), severity, touches), rows, total)
            {
                finding.example_values.clone_from(&column.examples);
            }
        }
    }
}

fn joins(book: &mut Book<'_>) {
    let loaded = book.loaded;
    let (Some(place), Some(deals)) = (book.place_of_deals(), &loaded.crm.deals) else { return };
    // What history and interactions name in vain is left out and counted as such.
    for join in loaded.summary.joins.iter().filter(|join| join.table == "deals") {
        let attribute = deals.attributes.iter().find(|attribute| attribute.name == join.column);
        if let (true, Some(Values::Texts(texts))) = (join.unmatched > 0, attribute.map(|attribute| &attribute.values)) {
            let mut rows = rows_with(texts, &join.strange);
            rows.iter_mut().for_each(|deal| *deal = deals.row[*deal as usize]);
            let counts = by_level(texts, &deals.weight);
            let strange = |at: usize| join.strange.get(at) == Some(&true);
            let unmatched = sum_of(counts.len(), &|at| if strange(at) { counts[at] } else { 0.0 });
            let of = sum_of(counts.len(), &|at| counts[at]);
            let touches: &[Touch] = &[(FORECAST, false), (SEGMENTS, false)];
            let column = Some(join.column.as_str());
            let found = book.add_counted(
                place,
                &Look::new("unmatched_key", column, Severity::Error, touches),
                rows,
                (unmatched, of),
            );
            if let Some(finding) = found {
                finding.example_values =
                    join.near_misses.iter().take(EXAMPLES).map(|miss| miss.value.clone()).collect();
                finding.near_misses =
                    join.near_misses.iter().filter(|miss| miss.nearest.is_some()).take(EXAMPLES).cloned().collect();
            }
        }
        let dimension = (0..loaded.tables.len()).find(|place| loaded.tables[*place].source.table.name() == join.source);
        if let (false, Some(dimension)) = (join.unused.is_empty(), dimension) {
            let count = (join.unused_count as f64, book.table(dimension).rows() as f64);
            let found =
                book.add_counted(dimension, &Look::new("unused_key", None, Severity::Info, &[]), Vec::new(), count);
            if let Some(finding) = found {
                finding.table.clone_from(&join.source);
                finding.example_values = join.unused.iter().take(EXAMPLES).cloned().collect();
            }
        }
    }
}
