//! From attributes of deals to the columns of a regression: what a column means is learnt on the training rows and applied as is to others.

use crate::crm::Attribute;
use crate::error::Result;
use crate::stats::logistic::{Category, Design};
use crate::stats::order::reordered;
use crate::table::{Texts, Values};
use std::collections::HashMap;

/// Level of rows without a value.
pub const MISSING: &str = "(missing)";
/// Level that pools those with too few rows.
pub const OTHER: &str = "(other)";

/// How one attribute enters the regression.
#[derive(Debug, Clone, PartialEq)]
pub enum Encoding {
    /// (x − mean) / standard deviation, both of the training rows; missing values stand at the median.
    Number {
        /// Weighted mean after filling.
        mean: f64,
        /// Weighted population standard deviation after filling.
        standard_deviation: f64,
        /// What missing values are read as.
        median: f64,
        /// Whether a column of its own says that the value was missing.
        flag: bool,
    },
    /// One 0/1 column per level except the first.
    Levels {
        /// Levels in order: by code point, then [`OTHER`], then [`MISSING`]; the first is the reference.
        levels: Vec<String>,
    },
}

/// An attribute with its encoding.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    /// Index into the attributes.
    pub attribute: usize,
    /// Name of the attribute.
    pub column: String,
    /// How it is encoded.
    pub encoding: Encoding,
}

/// A column of the design: which encoder it comes from, and for which level.
#[derive(Debug, Clone, PartialEq)]
pub struct DesignColumn {
    /// Index into the encoders.
    pub encoder: usize,
    /// Level; `None` for a number.
    pub level: Option<String>,
}

/// Learns the encoding of `attribute` on `rows` with `weights`; `None` where it cannot tell rows apart: constant, or no value at all.
/// Levels with fewer than `min_level_rows` weighted rows are pooled.
pub fn learn(
    attributes: &[Attribute],
    attribute: usize,
    rows: &[usize],
    weights: &[f64],
    min_level_rows: f64,
) -> Option<Encoder> {
    let Attribute { name, values, .. } = attributes.get(attribute)?;
    let encoding = match values {
        Values::Numbers(values) => number(values, rows, weights)?,
        Values::Instants(_) => return None,
        Values::Texts(texts) => levels(texts, rows, weights, min_level_rows)?,
    };
    Some(Encoder { attribute, column: name.clone(), encoding })
}

fn number(values: &[f64], rows: &[usize], weights: &[f64]) -> Option<Encoding> {
    let (mut missing, mut total) = (0.0, 0.0);
    for (&row, &weight) in rows.iter().zip(weights) {
        total += weight;
        missing += if values[row].is_nan() { weight } else { 0.0 };
    }
    let median = weighted_median(values, rows, weights)?;
    let filled = |row: usize| if values[row].is_nan() { median } else { values[row] };
    let mean = rows.iter().zip(weights).map(|(&row, w)| w * filled(row)).sum::<f64>() / total;
    let variance =
        rows.iter().zip(weights).map(|(&row, w)| w * (filled(row) - mean) * (filled(row) - mean)).sum::<f64>() / total;
    let standard_deviation = variance.sqrt();
    let varies = standard_deviation > 1e-12 * mean.abs().max(f64::MIN_POSITIVE) && standard_deviation.is_finite();
    let flag = missing > 0.0;
    if !varies && !flag {
        return None;
    }
    Some(Encoding::Number {
        mean,
        standard_deviation: if varies { standard_deviation } else { f64::INFINITY },
        median,
        flag,
    })
}

/// Median of the rows repeated by weight; `None` where no row with a value has weight.
fn weighted_median(values: &[f64], rows: &[usize], weights: &[f64]) -> Option<f64> {
    let present: Vec<(f64, f64)> = rows
        .iter()
        .zip(weights)
        .map(|(&row, &w)| (values[row], w))
        .filter(|(value, w)| !value.is_nan() && *w > 0.0)
        .collect();
    let present = reordered(present, &mut |a, b| a.0.total_cmp(&b.0));
    let half = 0.5 * present.iter().map(|(_, w)| w).sum::<f64>();
    let mut below = 0.0;
    for (i, (value, weight)) in present.iter().enumerate() {
        below += weight;
        if below > half {
            return Some(*value);
        }
        if below == half {
            return Some(0.5 * (value + present.get(i + 1).map_or(*value, |next| next.0)));
        }
    }
    None
}

fn levels(texts: &Texts, rows: &[usize], weights: &[f64], min_level_rows: f64) -> Option<Encoding> {
    let mut counts = vec![0.0; texts.levels.len()];
    let (mut missing, mut total) = (0.0, 0.0);
    for (&row, weight) in rows.iter().zip(weights) {
        total += weight;
        match counts.get_mut(texts.codes[row] as usize) {
            Some(count) => *count += weight,
            None => missing += weight,
        }
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut pooled = 0.0;
    for (level, &count) in texts.levels.iter().zip(&counts) {
        if count > 0.0 && count >= min_level_rows { kept.push(level) } else { pooled += count }
    }
    // An attribute whose levels are nearly all its own is an identifier, whatever its name.
    if pooled > 0.5 * total && kept.is_empty() {
        return None;
    }
    let kept = reordered(kept, &mut |a, b| a.cmp(b));
    let mut levels: Vec<String> = kept.into_iter().map(str::to_owned).collect();
    if pooled > 0.0 {
        levels.push(OTHER.into());
    }
    if missing > 0.0 {
        levels.push(MISSING.into());
    }
    (levels.len() > 1).then_some(Encoding::Levels { levels })
}

/// The design of `rows` under `encoders`, and what its columns (after the intercept) are.
///
/// # Errors
/// None that the encoders of the same attributes can cause; those of [`Design::new`] otherwise.
pub fn design(attributes: &[Attribute], encoders: &[Encoder], rows: &[usize]) -> Result<(Design, Vec<DesignColumn>)> {
    let (mut numeric, mut categories) = (Vec::new(), Vec::new());
    let (mut number_columns, mut level_columns) = (Vec::new(), Vec::new());
    for (index, encoder) in encoders.iter().enumerate() {
        match (&encoder.encoding, &attributes[encoder.attribute].values) {
            (Encoding::Number { mean, standard_deviation, median, flag }, Values::Numbers(values)) => {
                let filled = |row: usize| if values[row].is_nan() { *median } else { values[row] };
                numeric.push(rows.iter().map(|&row| (filled(row) - mean) / standard_deviation).collect());
                number_columns.push(DesignColumn { encoder: index, level: None });
                if *flag {
                    let codes = rows.iter().map(|&row| u32::from(values[row].is_nan())).collect();
                    categories.push(Category { codes, levels: 1 });
                    level_columns.push(DesignColumn { encoder: index, level: Some(MISSING.into()) });
                }
            }
            (Encoding::Levels { levels }, Values::Texts(texts)) => {
                let by_code = codes_of(levels, texts);
                let missing = position(levels, MISSING);
                let codes = rows
                    .iter()
                    .map(|&row| by_code.get(texts.codes[row] as usize).copied().unwrap_or(missing))
                    .collect();
                categories.push(Category { codes, levels: levels.len() - 1 });
                level_columns.extend(
                    levels.iter().skip(1).map(|level| DesignColumn { encoder: index, level: Some(level.clone()) }),
                );
            }
            _ => {}
        }
    }
    number_columns.extend(level_columns);
    Ok((Design::new(rows.len(), numeric, categories)?, number_columns))
}

/// Code of each level of `texts`: its place among `levels`, else that of [`OTHER`], else 0.
fn codes_of(levels: &[String], texts: &Texts) -> Vec<u32> {
    let known: HashMap<&str, u32> = levels.iter().zip(0..).map(|(level, code)| (level.as_str(), code)).collect();
    let other = position(levels, OTHER);
    texts.levels.iter().map(|level| known.get(level.as_str()).copied().unwrap_or(other)).collect()
}

fn position(levels: &[String], level: &str) -> u32 {
    levels.iter().position(|known| known == level).unwrap_or(0) as u32
}

/// The value of `row` as text, for people; [`MISSING`] where there is none.
pub fn value_text(values: &Values, row: usize) -> String {
    match values {
        Values::Texts(texts) => texts.get(row).unwrap_or(MISSING).to_owned(),
        Values::Numbers(values) | Values::Instants(values) => match values.get(row) {
            Some(value) if !value.is_nan() => value.to_string(),
            _ => MISSING.to_owned(),
        },
    }
}

/// Weighted rows, and weighted events among them, that have `level` of a category, or no value where a number has a flag.
pub fn observed(
    attributes: &[Attribute],
    encoder: &Encoder,
    level: &str,
    rows: &[usize],
    outcome: &[f64],
    weights: &[f64],
) -> (f64, f64) {
    let (mut n, mut events) = (0.0, 0.0);
    let mut count = |has: &dyn Fn(usize) -> bool| {
        for (i, _) in rows.iter().enumerate().filter(|(_, row)| has(**row)) {
            n += weights[i];
            events += weights[i] * outcome[i];
        }
    };
    match (&encoder.encoding, &attributes[encoder.attribute].values) {
        (Encoding::Levels { levels }, Values::Texts(texts)) => {
            let (by_code, missing, wanted) =
                (codes_of(levels, texts), position(levels, MISSING), position(levels, level));
            count(&|row| by_code.get(texts.codes[row] as usize).copied().unwrap_or(missing) == wanted);
        }
        (_, Values::Numbers(values)) => count(&|row| values[row].is_nan()),
        _ => {}
    }
    (n, events)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, values: Values) -> Attribute {
        Attribute { name: name.into(), role: None, values }
    }

    #[test]
    fn missing_numbers_stand_at_the_median_and_have_a_flag() {
        let attributes = [attribute("x", Values::Numbers(vec![1.0, 3.0, f64::NAN, 5.0]))];
        let encoder = learn(&attributes, 0, &[0, 1, 2, 3], &[1.0; 4], 0.0).unwrap();
        let (design, columns) = design(&attributes, &[encoder], &[0, 1, 2, 3]).unwrap();
        assert_eq!(columns.len(), 2);
        let mut row = Vec::new();
        design.active(2, |column, value| row.push((column, value)));
        assert_eq!(row, [(0, 1.0), (1, 0.0), (2, 1.0)]);
    }

    #[test]
    fn rare_levels_pool_and_unseen_ones_join_them() {
        let texts: Texts = ["b", "a", "b", "a", "rare", "new"].into_iter().map(Some).collect();
        let attributes = [attribute("x", Values::Texts(texts))];
        let encoder = learn(&attributes, 0, &[0, 1, 2, 3, 4], &[1.0; 5], 2.0).unwrap();
        assert_eq!(encoder.encoding, Encoding::Levels { levels: vec!["a".into(), "b".into(), OTHER.into()] });
        let (design, _) = design(&attributes, &[encoder], &[5]).unwrap();
        assert_eq!(design.score(0, &[0.0, 10.0, 20.0]), 20.0);
    }

    #[test]
    fn constant_and_empty_columns_are_no_features() {
        let attributes = [
            attribute("c", Values::Numbers(vec![2.0; 3])),
            attribute("n", Values::Numbers(vec![f64::NAN; 3])),
            attribute("t", Values::Texts(["x"; 3].into_iter().map(Some).collect())),
        ];
        for i in 0..3 {
            assert!(learn(&attributes, i, &[0, 1, 2], &[1.0; 3], 0.0).is_none(), "{i}");
        }
    }

    #[test]
    fn the_weighted_median_is_that_of_repeated_rows() {
        assert_eq!(weighted_median(&[1.0, 2.0, 9.0], &[0, 1, 2], &[2.0, 1.0, 1.0]), Some(1.5));
        assert_eq!(weighted_median(&[1.0, 2.0, 9.0], &[0, 1, 2], &[1.0, 1.0, 3.0]), Some(9.0));
        assert_eq!(weighted_median(&[f64::NAN], &[0], &[1.0]), None);
    }
}
