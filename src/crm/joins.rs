//! Tables joined by a key that both name: dimension tables to deals, history and interactions to deals, orders to customers.

use super::ordered_map::OrderedMap;
use super::words::folded;
use super::{Attribute, Deals, columns};
use crate::read::Source;
use crate::stats::order::reordered;
use crate::table::{Column, Levels, Texts, Values};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashMap;

/// Share of the distinct values of a deals column that a key must hold.
const SHARED: f64 = 0.5;
const LISTED: usize = 100;

/// A value without a partner in the other table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearMiss {
    /// The value.
    pub value: String,
    /// The key that differs from it only in case, blanks, punctuation or one letter, if there is one.
    pub nearest: Option<String>,
    /// Rows that have the value.
    pub count: usize,
}

/// How two tables were joined.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinSummary {
    /// Table whose rows look for a partner: `deals`, `history`, `orders` or `interactions`.
    pub table: &'static str,
    /// Name of the table that holds the keys: a dimension table, that of the deals or that of the customers.
    pub source: String,
    /// Column of `table`.
    pub column: String,
    /// Rows whose value is a key.
    pub matched: usize,
    /// Rows whose value is none; rows without a value count as neither.
    pub unmatched: usize,
    /// Values without a partner, the most frequent first (at most 100).
    pub near_misses: Vec<NearMiss>,
    /// Keys that no row uses (at most 100).
    pub unused: Vec<String>,
    /// How many there are.
    pub unused_count: usize,
    /// For each level of the column of the deals whether it has no partner; empty where `table` is another one.
    #[serde(skip)]
    pub strange: Vec<bool>,
}

/// Appends the columns of `dimension` to the attributes of `deals`; `None` where no column of it is a key that deals name.
pub(super) fn join(
    dimension: &Source,
    deals: &mut Deals,
    own: usize,
    same: &OrderedMap<String, OrderedMap<String, String>>,
) -> Option<JoinSummary> {
    let table = dimension.table.columns();
    let mut best: Option<((bool, f64), usize, usize)> = None;
    for (key_at, key) in table.iter().enumerate() {
        let Some(index) = key_index(key) else { continue };
        for (at, attribute) in deals.attributes.iter().take(own).enumerate() {
            let Some(texts) = key_texts(attribute) else { continue };
            let used = used_levels(&texts);
            let found = used.iter().filter(|level| index.contains_key::<str>(level)).count();
            let share = if used.is_empty() { 0.0 } else { found as f64 / used.len() as f64 };
            let rank = (folded(&key.name) == folded(&attribute.name), share);
            if share >= SHARED && best.is_none_or(|(other, _, _)| rank > other) {
                best = Some((rank, key_at, at));
            }
        }
    }
    let (_, key_at, at) = best?;
    let index = key_index(&table[key_at])?;
    let attribute = &deals.attributes[at];
    let texts = key_texts(attribute)?;
    let renamed = same.get(&attribute.name).or_else(|| same.get(attribute.role.as_deref()?));
    // Row of the dimension per level of the deals' column.
    let partner = |level: &str| {
        let level = renamed.and_then(|same| same.get(level)).map_or(level, String::as_str);
        index.get(level).copied()
    };
    let rows: Vec<Option<usize>> = texts.levels.iter().map(partner).collect();
    let counts = counts(&texts);
    let of =
        |matched: bool| rows.iter().zip(&counts).filter(|(row, _)| row.is_some() == matched).map(|(_, c)| *c).sum();
    let mut used_rows = vec![false; dimension.table.rows()];
    for (row, count) in rows.iter().zip(&counts) {
        if let (Some(row), true) = (row, *count > 0) {
            used_rows[*row] = true;
        }
    }
    let keys = columns::texts(&table[key_at]);
    let key_of = |row: usize| keys.get(row).map(str::to_owned);
    let missing: Vec<(usize, &str)> = rows
        .iter()
        .zip(&counts)
        .zip(texts.levels.iter())
        .filter(|((row, count), _)| row.is_none() && **count > 0)
        .map(|((_, count), level)| (*count, level))
        .collect();
    let unused = used_rows.iter().filter(|used| !**used).count();
    let summary = JoinSummary {
        table: "deals",
        source: dimension.table.name().to_owned(),
        column: attribute.name.clone(),
        matched: of(true),
        unmatched: of(false),
        near_misses: misses(missing, &keys.levels, true),
        unused: used_rows
            .iter()
            .enumerate()
            .filter(|(_, used)| !**used)
            .filter_map(|(row, _)| key_of(row))
            .take(LISTED)
            .collect(),
        unused_count: unused,
        strange: rows.iter().map(Option::is_none).collect(),
    };
    let row_of_deal: Vec<Option<usize>> =
        texts.codes.iter().map(|code| rows.get(*code as usize).copied().flatten()).collect();
    for (column_at, column) in table.iter().enumerate() {
        if column_at == key_at {
            continue;
        }
        let clash = deals.attributes.iter().any(|attribute| attribute.name == column.name);
        let stem = dimension.table.name().rsplit_once('.').map_or(dimension.table.name(), |(stem, _)| stem);
        let name = if clash { format!("{stem}.{}", column.name) } else { column.name.clone() };
        deals.attributes.push(Attribute { name, role: None, values: looked_up(&column.values, &row_of_deal) });
    }
    Some(summary)
}

/// How the values of a column of `table` fit the keys of the table named `source`, whose rows are `keys`. `spelling` asks for
/// the nearest key of a value without a partner: not of ids, where one letter makes another deal.
pub(super) fn keys(
    table: &'static str,
    (column, texts): (&str, &Texts),
    (source, keys): (&str, &Texts),
    spelling: bool,
) -> JoinSummary {
    let is_key = counts(keys);
    let index: HashMap<&str, u32> =
        keys.levels.iter().zip(0..).filter(|(_, code)| is_key[*code as usize] > 0).collect();
    let mut used = vec![false; keys.levels.len()];
    let (mut matched, mut unmatched, mut missing) = (0, 0, Vec::new());
    for (level, count) in texts.levels.iter().zip(counts(texts)).filter(|(_, count)| *count > 0) {
        match index.get(level) {
            Some(code) => {
                used[*code as usize] = true;
                matched += count;
            }
            None => {
                unmatched += count;
                missing.push((count, level));
            }
        }
    }
    let unused = || (0..used.len()).filter(|code| is_key[*code] > 0 && !used[*code]);
    JoinSummary {
        table,
        source: source.to_owned(),
        column: column.to_owned(),
        matched,
        unmatched,
        near_misses: misses(missing, &keys.levels, spelling),
        unused: unused().take(LISTED).map(|code| keys.levels[code].to_owned()).collect(),
        unused_count: unused().count(),
        strange: Vec::new(),
    }
}

/// Rows per level.
fn counts(texts: &Texts) -> Vec<usize> {
    let mut counts = vec![0_usize; texts.levels.len()];
    for code in &texts.codes {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += 1;
        }
    }
    counts
}

/// The most frequent of `missing` (count and value), with the nearest key where `spelling` asks for it.
fn misses(missing: Vec<(usize, &str)>, keys: &Levels, spelling: bool) -> Vec<NearMiss> {
    let missing = reordered(missing, &mut |a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    // Beyond so many keys, neighbours in spelling are mostly different things.
    let spelling = spelling && keys.len() <= 10_000;
    let miss = |(count, value): (usize, &str)| NearMiss {
        value: value.to_owned(),
        nearest: if spelling { nearest(value, keys) } else { None },
        count,
    };
    missing.into_iter().take(LISTED).map(miss).collect()
}

/// The values of `attribute` as keys: texts, and numbers where a role says that they name something.
fn key_texts(attribute: &Attribute) -> Option<Cow<'_, Texts>> {
    match &attribute.values {
        Values::Texts(texts) => Some(Cow::Borrowed(texts)),
        Values::Numbers(_)
            if matches!(attribute.role.as_deref(), Some("customer_id" | "owner" | "product" | "source")) =>
        {
            Some(Cow::Owned(columns::texts(&Column { name: String::new(), values: attribute.values.clone() })))
        }
        _ => None,
    }
}

/// Row per key; `None` where the column is no key: a value occurs twice, or there are none.
fn key_index(column: &Column) -> Option<HashMap<String, usize>> {
    if matches!(column.values, Values::Instants(_)) {
        return None;
    }
    let texts = columns::texts(column);
    let mut index = HashMap::new();
    for row in 0..texts.codes.len() {
        if let Some(text) = texts.get(row)
            && index.insert(text.to_owned(), row).is_some()
        {
            return None;
        }
    }
    (!index.is_empty()).then_some(index)
}

fn used_levels(texts: &Texts) -> Vec<&str> {
    let mut used = vec![false; texts.levels.len()];
    for code in &texts.codes {
        if let Some(used) = used.get_mut(*code as usize) {
            *used = true;
        }
    }
    texts.levels.iter().zip(used).filter(|(_, used)| *used).map(|(level, _)| level).collect()
}

fn looked_up(values: &Values, rows: &[Option<usize>]) -> Values {
    let numbers = |values: &[f64]| rows.iter().map(|row| row.map_or(f64::NAN, |row| values[row])).collect();
    match values {
        Values::Numbers(values) => Values::Numbers(numbers(values)),
        Values::Instants(values) => Values::Instants(numbers(values)),
        Values::Texts(texts) => Values::Texts(Texts {
            codes: rows.iter().map(|row| row.map_or(Texts::MISSING, |row| texts.codes[row])).collect(),
            levels: texts.levels.clone(),
        }),
    }
}

/// The key that differs from `value` only in case, blanks and punctuation, else in one letter.
fn nearest(value: &str, keys: &Levels) -> Option<String> {
    let own = folded(value);
    if own.is_empty() {
        return None;
    }
    let folds: Vec<String> = keys.iter().map(folded).collect();
    let equal = folds.iter().position(|fold| *fold == own);
    let close = || (own.chars().count() > 3).then(|| folds.iter().position(|fold| differ_by_one(&own, fold))).flatten();
    equal.or_else(close).map(|at| keys[at].to_owned())
}

/// Whether one letter changed, added or dropped turns `a` into `b`.
pub(crate) fn differ_by_one(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    a.len() - end <= 1 && b.len() - end <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_key_differs_in_spelling_only() {
        let keys = Levels::from(vec!["GTX Pro", "GTX Plus Pro", "GTK 500"]);
        assert_eq!(nearest("GTXPro", &keys).as_deref(), Some("GTX Pro"));
        assert_eq!(nearest("gtk 50", &keys).as_deref(), Some("GTK 500"));
        assert_eq!(nearest("MG Special", &keys), None);
        assert!(differ_by_one("abc", "abd") && differ_by_one("abc", "ac") && !differ_by_one("abc", "adde"));
    }
}
