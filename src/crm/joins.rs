//! Dimension tables joined to deals by a key that both name.

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

/// A value of the deals without a partner in the dimension table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearMiss {
    /// The value.
    pub value: String,
    /// The key that differs from it only in case, blanks, punctuation or one letter, if there is one.
    pub nearest: Option<String>,
    /// Deals that have the value.
    pub count: usize,
}

/// How a dimension table was joined to the deals.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinSummary {
    /// Dimension table.
    pub source: String,
    /// Column of the deals table.
    pub column: String,
    /// Deals whose value is a key.
    pub matched: usize,
    /// Deals whose value is none; deals without a value count as neither.
    pub unmatched: usize,
    /// Values without a partner, the most frequent first (at most 100).
    pub near_misses: Vec<NearMiss>,
    /// Keys that no deal uses.
    pub unused: Vec<String>,
    /// For each level of the column of the deals whether it has no partner.
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
    let mut counts = vec![0_usize; texts.levels.len()];
    for code in &texts.codes {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += 1;
        }
    }
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
    let missing = reordered(missing, &mut |a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let summary = JoinSummary {
        source: dimension.table.name().to_owned(),
        column: attribute.name.clone(),
        matched: of(true),
        unmatched: of(false),
        near_misses: missing
            .into_iter()
            .take(LISTED)
            .map(|(count, value)| NearMiss { value: value.to_owned(), nearest: nearest(value, &keys.levels), count })
            .collect(),
        strange: rows.iter().map(Option::is_none).collect(),
        unused: used_rows.iter().enumerate().filter(|(_, used)| !**used).filter_map(|(row, _)| key_of(row)).collect(),
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
