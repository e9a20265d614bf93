//! Which deals an analysis is about.

use super::FunnelOptions;
use super::grouping::{attribute, unknown};
use crate::crm::Deals;
use crate::error::{Error, Result};
use crate::table::{Texts, Values};

/// Whether each deal has the value that the options ask for; all do where they ask for none.
pub(super) fn selected(deals: &Deals, options: &FunnelOptions) -> Result<Vec<bool>> {
    let selected = match (&options.filter_column, &options.filter_value) {
        (None, None) => vec![true; deals.len()],
        (Some(column), Some(value)) => has_value(deals, column, value)?,
        (None, Some(value)) => return Err(unpaired("filterValue", value, "a filter value needs a filterColumn")),
        (Some(column), None) => return Err(unpaired("filterColumn", column, "a filter column needs a filterValue")),
    };
    // A row of weight 0 is no row.
    let selected: Vec<bool> = selected.iter().zip(&deals.weight).map(|(is, weight)| *is && *weight > 0.0).collect();
    if selected.contains(&true) {
        return Ok(selected);
    }
    let what = match (&options.filter_column, &options.filter_value) {
        (Some(column), Some(value)) => format!("deals with {column} “{value}”"),
        _ => "deals".into(),
    };
    Err(Error::TooFew { analysis: "funnel".into(), what, needed: 1, have: 0 })
}

fn unpaired(option: &str, value: &str, rule: &str) -> Error {
    Error::InvalidOption { option: option.into(), value: value.into(), rule: rule.into() }
}

fn has_value(deals: &Deals, column: &str, value: &str) -> Result<Vec<bool>> {
    match (attribute(deals, column).map(|attribute| &attribute.values), column) {
        (Some(Values::Texts(texts)), _) => Ok(texts_equal(texts, value, deals.len())),
        (Some(Values::Numbers(numbers) | Values::Instants(numbers)), _) => {
            let wanted: Option<f64> = value.trim().parse().ok();
            Ok((0..deals.len()).map(|row| wanted.is_some() && numbers.get(row).copied() == wanted).collect())
        }
        (None, "owner") => Ok(texts_equal(&deals.owner, value, deals.len())),
        (None, "stage") => Ok(texts_equal(&deals.stage, value, deals.len())),
        (None, _) => Err(unknown(deals, column, &["owner", "stage"])),
    }
}

fn texts_equal(texts: &Texts, value: &str, rows: usize) -> Vec<bool> {
    let wanted = texts.levels.iter().position(|level| level == value);
    (0..rows).map(|row| wanted.is_some() && texts.codes.get(row).map(|code| *code as usize) == wanted).collect()
}
