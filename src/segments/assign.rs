//! A stored recipe applied to other customers.

use super::input;
use super::points::Points;
use super::recipe::{Feature, MISSING, OTHER, Recipe};
use crate::bulk::{Floats, Indices};
use crate::crm::Crm;
use crate::error::{Error, Result};
use crate::table::{Table, Values};
use serde::Serialize;

/// Segments of customers by a recipe.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assigned {
    /// Index of the segment of the recipe for each row; [`NO_SEGMENT`] for a row of which no feature is known, and for one in no dense region where the recipe
    /// has no segment of outliers.
    pub labels: Indices,
    /// Distance to its centre in standard deviations; NaN (`null` in JSON) for a row without a segment.
    pub distance: Floats,
    /// Rows in which something was filled: a missing number, or one without a logarithm, stands at the median of the recipe, marked as missing where the recipe knows missing ones; a text that the recipe does not know
    /// counts as “other” where the recipe has that, else as none of its levels.
    pub filled: Indices,
}

/// Label of a row without a segment.
pub const NO_SEGMENT: u32 = u32::MAX;

/// The segment of each row of `table`, which needs a column for every feature of `recipe`.
///
/// # Errors
/// [`Error::InvalidOption`] for a recipe whose parts do not fit together, or a column of another kind; [`Error::UnknownColumn`] for a
/// column that is missing.
pub fn assign(recipe: &Recipe, table: &Table) -> Result<Assigned> {
    recipe.check()?;
    let (n, dims) = (table.rows(), recipe.features.len());
    let mut rows = vec![0.0; n * dims];
    let (mut is_filled, mut is_known) = (vec![false; n], vec![false; n]);
    let mut from = 0;
    // The levels of a column stand one behind the other, that of missing numbers behind the numbers.
    for group in recipe.features.chunk_by(|a, b| b.level.is_some() && a.name == b.name) {
        let name = &group[0].name;
        let column =
            table.columns().iter().find(|column| column.name == *name).ok_or_else(|| Error::UnknownColumn {
                table: table.name().into(),
                column: name.clone(),
                available: table.columns().iter().map(|column| column.name.clone()).collect(),
            })?;
        match (&column.values, &group[0].level) {
            (Values::Numbers(values), None) => {
                for (row, &value) in values.iter().enumerate() {
                    let known = group[0].transform.apply(value).is_finite();
                    is_known[row] |= known;
                    is_filled[row] |= !known;
                    let value = if known { value } else { group[0].median };
                    rows[row * dims + from] = group[0].standardised(group[0].transform.apply(value));
                    for (j, flag) in group.iter().enumerate().skip(1) {
                        rows[row * dims + from + j] = flag.standardised(f64::from(u8::from(!known)));
                    }
                }
            }
            (Values::Texts(texts), Some(_)) => {
                let place = |level: &str| group.iter().position(|feature| feature.level.as_deref() == Some(level));
                let of_level: Vec<Option<usize>> = texts.levels.iter().map(place).collect();
                let (other, missing) = (place(OTHER), place(MISSING));
                for (row, &code) in texts.codes.iter().enumerate() {
                    let known = of_level.get(code as usize).copied();
                    let at = known.map_or(missing, |found| found.or(other));
                    is_known[row] |= at.is_some();
                    is_filled[row] |= known.map_or(missing.is_none(), |found| found.is_none());
                    for (j, feature) in group.iter().enumerate() {
                        rows[row * dims + from + j] = feature.standardised(f64::from(u8::from(at == Some(j))));
                    }
                }
            }
            (_, level) => {
                let rule =
                    if level.is_some() { "a column of texts is needed" } else { "a column of numbers is needed" };
                return Err(Error::invalid_option("features", name.clone(), rule));
            }
        }
        from += group.len();
    }
    let centres: Vec<f64> = recipe.segments.iter().flat_map(|segment| segment.centre.iter().copied()).collect();
    let points = Points::new(dims, &rows, None);
    let mut labels = recipe.segments_of(&points);
    let square = |row: usize| -> f64 {
        let from = (labels[row] as usize).saturating_mul(dims);
        let Some(centre) = centres.get(from..) else { return f64::NAN };
        rows[row * dims..(row + 1) * dims].iter().zip(centre).map(|(value, centre)| (value - centre).powi(2)).sum()
    };
    let distance: Vec<f64> = (0..n).map(|row| if is_known[row] { square(row).sqrt() } else { f64::NAN }).collect();
    for (label, _) in labels.iter_mut().zip(&is_known).filter(|(_, known)| !**known) {
        *label = NO_SEGMENT;
    }
    Ok(Assigned {
        labels: Indices(labels),
        distance: Floats(distance),
        filled: Indices((0..n).filter(|&row| is_filled[row]).map(|row| row as u32).collect()),
    })
}

/// The segment of each customer or deal of `crm` by `recipe`, in ascending id order, and the ids. Those that lack a feature are filled as by [`assign`].
///
/// # Errors
/// Those of [`assign`]; [`Error::MissingTable`] where the table that the recipe is about was not given.
pub fn assign_loaded(recipe: &Recipe, crm: &Crm) -> Result<(Vec<String>, Assigned)> {
    recipe.check()?;
    let (ids, table) = input::table_for(crm, recipe)?;
    Ok((ids, assign(recipe, &table)?))
}

impl Feature {
    /// The standardised value of a transformed one; 0 for a constant feature.
    pub(super) fn standardised(&self, transformed: f64) -> f64 {
        if self.standard_deviation > 0.0 { (transformed - self.mean) / self.standard_deviation } else { 0.0 }
    }
}
