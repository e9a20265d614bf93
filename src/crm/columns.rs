//! Columns of a table in the type that a role needs.

use crate::crm::LeftOut;
use crate::read::dates::iso_text;
use crate::table::{Column, Levels, Table, Texts, Values};
use std::borrow::Cow;

/// The column as texts; numbers as they are written, instants as ISO.
pub(super) fn texts(column: &Column) -> Texts {
    match &column.values {
        Values::Texts(texts) => texts.clone(),
        Values::Numbers(values) => by_bits(values, &number_text),
        Values::Instants(values) => by_bits(values, &|value| iso_text(value, false)),
    }
}

/// `value` as `to_string` writes it.
fn number_text(value: f64) -> String {
    // Whole numbers are written several times faster as such. −0 has a sign.
    let is_whole = value.abs() < 1e15 && value.trunc() == value && (value != 0.0 || value.is_sign_positive());
    if is_whole { (value as i64).to_string() } else { value.to_string() }
}

/// The distinct values of `values`, told apart by their bits, as texts; NaN is missing.
fn by_bits(values: &[f64], text: &dyn Fn(f64) -> String) -> Texts {
    // Small whole numbers, as most ids are, have a place each.
    if let Some((codes, distinct)) = by_place(values, values.len().saturating_mul(4).saturating_add(1)) {
        return Texts { codes, levels: Levels::of_whole(&distinct) };
    }
    let mut texts = Texts { codes: Vec::with_capacity(values.len()), levels: Levels::default() };
    let mut distinct: Vec<u64> = Vec::new();
    // Open addressing; 0 or one more than the code. The length is a power of two.
    let mut slots = vec![0_u32; 64];
    for value in values {
        if value.is_nan() {
            texts.codes.push(Texts::MISSING);
            continue;
        }
        if distinct.len() * 2 >= slots.len() {
            slots = vec![0; slots.len() * 4];
            for (code, bits) in (1..).zip(&distinct) {
                let slot = slot_of(*bits, &slots, &distinct);
                slots[slot] = code;
            }
        }
        let slot = slot_of(value.to_bits(), &slots, &distinct);
        if slots[slot] == 0 {
            distinct.push(value.to_bits());
            slots[slot] = distinct.len() as u32;
            texts.levels.push(text(*value));
        }
        texts.codes.push(slots[slot] - 1);
    }
    texts
}

/// The code of each of `values` and the distinct ones in order of first appearance, where all are whole numbers from 0 to below `most`, NaN aside.
#[inline(never)]
fn by_place(values: &[f64], most: usize) -> Option<(Vec<u32>, Vec<u32>)> {
    let places = places_of(values, most.min(u32::MAX as usize) as f64)?;
    let mut code_of = vec![Texts::MISSING; places];
    let mut codes = vec![Texts::MISSING; values.len()];
    let mut distinct = vec![0; values.len().min(places) + 1];
    let mut found = 0_u32;
    for (&value, of_value) in values.iter().zip(&mut codes) {
        if value.is_nan() {
            continue;
        }
        let place = (value + WHOLE).to_bits() as u32;
        let (code, next) = (code_of.get_mut(place as usize)?, distinct.get_mut(found as usize)?);
        // Nothing is decided by the code, which is seldom in the cache: it is waited for while the next ones are fetched. A choice would be a branch in wasm.
        let is_new = u32::from(*code == Texts::MISSING);
        *code = (found & is_new.wrapping_neg()) | (*code & is_new.wrapping_sub(1));
        *next = place;
        found += is_new;
        *of_value = *code;
    }
    distinct.truncate(found as usize);
    Some((codes, distinct))
}

/// What puts a whole number into the lower bits of a float: 2^52.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// One more than the largest of `values`, where all are whole numbers from 0 (not −0) to below `most`, NaN aside.
#[inline(never)]
fn places_of(values: &[f64], most: f64) -> Option<usize> {
    let mut largest = -1.0_f64;
    for &value in values {
        let is_whole = ((value + WHOLE) - WHOLE).to_bits() == value.to_bits();
        if !((is_whole & (value >= 0.0) & (value < most)) | value.is_nan()) {
            return None;
        }
        if value > largest {
            largest = value;
        }
    }
    Some((largest + 1.0) as usize)
}

/// The slot of `bits`, or the empty one where it belongs.
#[inline]
fn slot_of(bits: u64, slots: &[u32], distinct: &[u64]) -> usize {
    let mask = slots.len() - 1;
    let mut slot = (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
    while slots[slot] != 0 && distinct[slots[slot] as usize - 1] != bits {
        slot = (slot + 1) & mask;
    }
    slot
}

/// The column as texts, of ids joined with `;` the first.
pub(super) fn first_texts(column: &Column) -> Texts {
    let texts = texts(column);
    if !texts.levels.iter().any(|level| level.contains(';')) {
        return texts;
    }
    let first = |row| texts.get(row).and_then(|text| text.split(';').map(str::trim).find(|id| !id.is_empty()));
    (0..texts.codes.len()).map(first).collect()
}

/// The column as numbers; NaN throughout where it holds something else.
pub(super) fn numbers(column: &Column) -> Vec<f64> {
    match &column.values {
        Values::Numbers(values) => values.clone(),
        other => vec![f64::NAN; other.len()],
    }
}

/// The number in `row`; NaN where the column holds something else.
pub(super) fn numbers_at(column: &Column, row: usize) -> f64 {
    match &column.values {
        Values::Numbers(values) => values.get(row).copied().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// Milliseconds per unit where numbers can be meant as instants: milliseconds or seconds since 1970, of the years 1973 to 2128.
pub(super) fn epoch_unit(values: &[f64]) -> Option<f64> {
    let first = values.iter().find(|value| !value.is_nan())?;
    let are_within =
        |low: f64, high: f64| values.iter().all(|&value| ((value >= low) & (value < high)) | value.is_nan());
    let (low, high, unit) = if *first < 1e10 { (1e8, 5e9, 1000.0) } else { (1e11, 5e12, 1.0) };
    are_within(low, high).then_some(unit)
}

/// The column as instants in ms; NaN throughout where it holds something else.
pub(super) fn instants(column: &Column) -> Vec<f64> {
    lent_instants(column).into_owned()
}

/// What [`instants`] gives; not copied where the column holds it.
pub(super) fn lent_instants(column: &Column) -> Cow<'_, [f64]> {
    match &column.values {
        Values::Instants(values) => Cow::Borrowed(values),
        Values::Numbers(values) => match epoch_unit(values) {
            Some(1.0) => Cow::Borrowed(values),
            Some(unit) => values.iter().map(|value| value * unit).collect(),
            None => vec![f64::NAN; values.len()].into(),
        },
        Values::Texts(texts) => vec![f64::NAN; texts.codes.len()].into(),
    }
}

/// The values at `rows`, which must exist.
pub(super) fn at_rows(values: &Values, rows: &[u32]) -> Values {
    let all = rows.len() == values.len() && rows.iter().enumerate().all(|(at, row)| at == *row as usize);
    if all {
        return values.clone();
    }
    let pick = |values: &[f64]| rows.iter().map(|row| values[*row as usize]).collect();
    match values {
        Values::Numbers(values) => Values::Numbers(pick(values)),
        Values::Instants(values) => Values::Instants(pick(values)),
        Values::Texts(texts) => Values::Texts(Texts {
            codes: rows.iter().map(|row| texts.codes[*row as usize]).collect(),
            levels: texts.levels.clone(),
        }),
    }
}

/// Counts rows that are left out, by reason, in the order in which reasons first occur.
pub(super) struct Tally<'a> {
    table: &'static str,
    lines: &'a Table,
    entries: Vec<LeftOut>,
}

impl<'a> Tally<'a> {
    /// An empty tally of the rows of `lines`, called `table` in results.
    pub fn new(table: &'static str, lines: &'a Table) -> Self {
        Tally { table, lines, entries: Vec::new() }
    }

    /// One more row for `reason`; `value` says what stood there.
    pub fn add(&mut self, reason: &str, row: usize, value: &str) {
        let at = match self.entries.iter().position(|entry| entry.reason == reason) {
            Some(at) => at,
            None => {
                self.entries.push(LeftOut { table: self.table.into(), reason: reason.into(), ..LeftOut::default() });
                self.entries.len() - 1
            }
        };
        let entry = &mut self.entries[at];
        entry.count += 1;
        entry.rows.push(row as u32);
        if entry.example_lines.len() < 10 {
            entry.example_lines.push(self.lines.line(row));
            if !value.is_empty() {
                entry.example_values.push(value.to_owned());
            }
        }
    }

    /// What was counted.
    pub fn finish(self) -> Vec<LeftOut> {
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_keys_as_they_are_written() {
        let odd = [0.0, -0.0, 1.0, -7.0, 0.1, 999_999_999_999_999.0, 1e15, 1e21, f64::MAX, f64::NAN, 1.0];
        let ids = |step: f64| (0..5_000).map(move |id| f64::from(id * 7919 % 5_003) * step);
        let small = ids(1.0).chain([f64::NAN, 0.0, 17.0]);
        for values in [odd.into_iter().chain(ids(1e9)).collect::<Vec<f64>>(), small.collect()] {
            let texts = texts(&Column { name: "id".into(), values: Values::Numbers(values.clone()) });
            for (row, value) in values.iter().enumerate() {
                assert_eq!(texts.get(row).map(str::to_owned), (!value.is_nan()).then(|| value.to_string()));
            }
            let mut levels: Vec<&str> = texts.levels.iter().collect();
            levels.sort_unstable();
            assert!(levels.windows(2).all(|pair| pair[0] != pair[1]));
        }
    }
}
