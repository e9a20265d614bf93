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

/// Levels of one category that keep a coefficient of their own at most; the ones with the fewest rows are pooled.
pub const MOST_LEVELS: usize = 200;
/// Standard deviations from the mean at which a value is held: no training row lies farther out, and a score stays finite.
const FARTHEST: f64 = 1e6;

/// How one attribute enters the regression.
#[derive(Debug, Clone, PartialEq)]
pub enum Encoding {
    /// (x − mean) / standard deviation, both of the training rows; missing values stand at the median.
    Number {
        /// Weighted mean after filling.
        mean: f64,
        /// Weighted population standard deviation after filling; infinite where only the flag tells rows apart.
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
/// Levels with fewer than `min_level_rows` weighted rows are pooled, and those beyond the `most_levels` with the most rows.
pub fn learn(
    attributes: &[Attribute],
    attribute: usize,
    rows: &[usize],
    weights: &[f64],
    min_level_rows: f64,
    most_levels: usize,
) -> Option<Encoder> {
    let Attribute { name, values, .. } = attributes.get(attribute)?;
    let encoding = match values {
        Values::Numbers(values) => number(values, rows, weights)?,
        Values::Instants(_) => return None,
        Values::Texts(texts) => levels(texts, rows, weights, min_level_rows, most_levels)?,
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
    let (mean, standard_deviation) = if varies { (mean, standard_deviation) } else { (median, f64::INFINITY) };
    Some(Encoding::Number { mean, standard_deviation, median, flag })
}

const DIGIT_BITS: u32 = 11;

/// Median of the rows repeated by weight; `None` where no row with a value has weight. Narrows the range by 11 bits of the sort key per pass,
/// in time proportional to the rows.
fn weighted_median(values: &[f64], rows: &[usize], weights: &[f64]) -> Option<f64> {
    let present = || {
        let pairs = rows.iter().zip(weights).map(|(&row, &weight)| (values[row], weight));
        pairs.filter(|(value, weight)| !value.is_nan() && *weight > 0.0).map(|(value, w)| (sort_key(value), w))
    };
    let mut left: Vec<(u64, f64)> = present().collect();
    let half = 0.5 * left.iter().map(|(_, weight)| weight).sum::<f64>();
    let (mut prefix, mut known, mut below) = (0u64, 0u32, 0.0);
    while known < u64::BITS {
        let bits = DIGIT_BITS.min(u64::BITS - known);
        let shift = u64::BITS - known - bits;
        let mut counts = vec![0.0; 1 << bits];
        for (key, weight) in &left {
            counts[(key >> shift) as usize & ((1 << bits) - 1)] += weight;
        }
        let mut found = None;
        for (digit, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0.0) {
            // Rounding of fractional weights can leave the last one short of the half.
            below += found.map_or(0.0, |(_, before)| before);
            found = Some((digit as u64, count));
            if below + count >= half {
                break;
            }
        }
        prefix = prefix << bits | found?.0;
        left.retain(|(key, _)| key >> shift == prefix);
        known += bits;
        if known == u64::BITS && below + found?.1 > half {
            return Some(from_sort_key(prefix));
        }
    }
    let next = present().map(|(key, _)| key).filter(|key| *key > prefix).min().unwrap_or(prefix);
    Some(0.5 * from_sort_key(prefix) + 0.5 * from_sort_key(next))
}

/// Bits that sort as unsigned numbers like [`f64::total_cmp`].
fn sort_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn from_sort_key(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// Weighted rows of each level, and of the rows without one.
pub fn level_rows(texts: &Texts, rows: &[usize], weights: &[f64]) -> (Vec<f64>, f64) {
    let mut counts = vec![0.0; texts.levels.len()];
    let mut missing = 0.0;
    for (&row, weight) in rows.iter().zip(weights) {
        match counts.get_mut(texts.codes[row] as usize) {
            Some(count) => *count += weight,
            None => missing += weight,
        }
    }
    (counts, missing)
}

fn levels(texts: &Texts, rows: &[usize], weights: &[f64], min_level_rows: f64, most_levels: usize) -> Option<Encoding> {
    let (counts, missing) = level_rows(texts, rows, weights);
    let mut kept: Vec<(&str, f64)> = Vec::new();
    let mut pooled = 0.0;
    for (level, &count) in texts.levels.iter().zip(&counts) {
        if count > 0.0 && count >= min_level_rows { kept.push((level, count)) } else { pooled += count }
    }
    // An attribute whose levels are nearly all its own is an identifier, whatever its name.
    if kept.is_empty() && pooled > missing {
        return None;
    }
    let kept = reordered(kept, &mut |a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    pooled += kept.iter().skip(most_levels).map(|(_, count)| count).sum::<f64>();
    let kept = kept.into_iter().take(most_levels).map(|(level, _)| level.to_owned()).collect();
    let mut levels: Vec<String> = reordered(kept, &mut |a: &String, b| a.cmp(b));
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
                // The distance of two numbers may be infinite where each is not, and so is then the standard deviation.
                let standardised = |row: usize| match (filled(row) - mean) / standard_deviation {
                    z if z.is_nan() => 0.0,
                    z => z.clamp(-FARTHEST, FARTHEST),
                };
                numeric.push(rows.iter().map(|&row| standardised(row)).collect());
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

/// Number of coefficients that `encoders` lead to, the intercept included.
pub fn coefficients(encoders: &[Encoder]) -> usize {
    let of = |encoder: &Encoder| match &encoder.encoding {
        Encoding::Number { flag, .. } => 1 + usize::from(*flag),
        Encoding::Levels { levels } => levels.len().saturating_sub(1),
    };
    1 + encoders.iter().map(of).sum::<usize>()
}

/// Code of each level of `texts`: its place among `levels`, else that of [`OTHER`], else 0.
fn codes_of(levels: &[String], texts: &Texts) -> Vec<u32> {
    let known: HashMap<&str, u32> = levels.iter().zip(0..).map(|(level, code)| (level.as_str(), code)).collect();
    let other = position(levels, OTHER);
    texts.levels.iter().map(|level| known.get(level).copied().unwrap_or(other)).collect()
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
        let encoder = learn(&attributes, 0, &[0, 1, 2, 3], &[1.0; 4], 0.0, MOST_LEVELS).unwrap();
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
        let encoder = learn(&attributes, 0, &[0, 1, 2, 3, 4], &[1.0; 5], 2.0, MOST_LEVELS).unwrap();
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
            assert!(learn(&attributes, i, &[0, 1, 2], &[1.0; 3], 0.0, MOST_LEVELS).is_none(), "{i}");
        }
    }

    #[test]
    fn the_weighted_median_is_that_of_repeated_rows() {
        assert_eq!(weighted_median(&[1.0, 2.0, 9.0], &[0, 1, 2], &[2.0, 1.0, 1.0]), Some(1.5));
        assert_eq!(weighted_median(&[1.0, 2.0, 9.0], &[0, 1, 2], &[1.0, 1.0, 3.0]), Some(9.0));
        assert_eq!(weighted_median(&[f64::NAN], &[0], &[1.0]), None);
    }

    #[test]
    fn only_the_levels_with_the_most_rows_keep_a_coefficient() {
        let texts: Texts = ["c", "b", "a", "c", "b", "c", "d"].into_iter().map(Some).collect();
        let attributes = [attribute("x", Values::Texts(texts))];
        let rows: Vec<usize> = (0..7).collect();
        let encoder = learn(&attributes, 0, &rows, &[1.0; 7], 0.0, 3).unwrap();
        assert_eq!(
            encoder.encoding,
            Encoding::Levels { levels: vec!["a".into(), "b".into(), "c".into(), OTHER.into()] }
        );
        assert_eq!(coefficients(&[encoder]), 4);
    }

    #[test]
    fn numbers_of_any_size_give_a_finite_design() {
        let huge = vec![f64::MAX, -f64::MAX, f64::NAN, f64::MAX];
        let tiny = vec![1e-300, 2e-300, 3e-300, f64::MAX];
        let attributes = [attribute("huge", Values::Numbers(huge)), attribute("tiny", Values::Numbers(tiny))];
        for index in 0..2 {
            let encoders: Vec<Encoder> = learn(&attributes, index, &[0, 1, 2], &[1.0; 3], 0.0, 9).into_iter().collect();
            assert!(design(&attributes, &encoders, &[0, 1, 2, 3]).is_ok(), "{index}");
        }
    }

    #[test]
    fn the_weighted_median_equals_the_median_of_the_sorted_repeated_rows() {
        use crate::stats::rng::{below, normal, seeded};
        let mut rng = seeded(11, 0);
        for n in 1..60 {
            let values: Vec<f64> = (0..n).map(|_| (normal(&mut rng) * 4.0).round() * 0.37).collect();
            let weights: Vec<f64> = (0..n).map(|_| f64::from(below(&mut rng, 4))).collect();
            let rows: Vec<usize> = (0..n).collect();
            let mut repeated: Vec<f64> = rows.iter().flat_map(|&i| vec![values[i]; weights[i] as usize]).collect();
            repeated.sort_by(f64::total_cmp);
            let n = repeated.len();
            let expected = (n > 0).then(|| 0.5 * repeated[(n - 1) / 2] + 0.5 * repeated[n / 2]);
            assert_eq!(weighted_median(&values, &rows, &weights), expected, "{values:?} {weights:?}");
        }
        assert_eq!(weighted_median(&[f64::MAX; 2], &[0, 1], &[0.3, 0.3]), Some(f64::MAX));
    }
}
