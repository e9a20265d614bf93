//! What every result carries: version, options as used, `as_of`, seed, rows used and rows left out; and the interval type.

use crate::crm::{Crm, LeftOut};
use crate::error::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};

/// Options from the JSON text of a host: the one place where names and types of options are judged.
///
/// # Errors
/// [`Error::InvalidOption`] for text that is no JSON object, an unknown name or a value of the wrong type.
pub fn options<O: DeserializeOwned>(json: &str) -> Result<O> {
    serde_json::from_str(json).map_err(|error| Error::InvalidOption {
        option: "options".into(),
        value: json.chars().take(200).collect(),
        rule: error.to_string(),
    })
}

/// Where a long call says how far it is.
pub struct Progress<'a>(Option<&'a mut dyn FnMut(f64)>);

impl<'a> Progress<'a> {
    /// Nobody listens.
    pub fn none() -> Self {
        Progress(None)
    }

    /// `listener` hears the share done, from 0 to 1.
    pub fn to(listener: &'a mut dyn FnMut(f64)) -> Self {
        Progress(Some(listener))
    }

    /// Says that `share` of the work is done.
    pub fn report(&mut self, share: f64) {
        if let Some(listener) = &mut self.0 {
            listener(share);
        }
    }
}

/// Provenance of a result. `O` are the options as used, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta<O> {
    /// Version of this crate.
    pub version: &'static str,
    /// Name of the analysis.
    pub analysis: &'static str,
    /// Instant of the analysis in ms since 1970-01-01T00:00Z; `None` where the data hold no date and none was given.
    pub as_of: Option<f64>,
    /// Seed of the random numbers, where the analysis draws any.
    pub seed: Option<u32>,
    /// Options as used.
    pub options: O,
    /// Rows (weighted) that the result rests on.
    pub rows_used: f64,
    /// Rows that it does not rest on, by reason.
    pub rows_left_out: Vec<LeftOut>,
}

impl<O> Meta<O> {
    /// Provenance of an analysis of `tables` of `crm` that used `rows_used` rows. What reading left out of these tables comes before `left_out`,
    /// which the analysis itself could not use.
    pub fn new(
        analysis: &'static str,
        crm: &Crm,
        tables: &[&str],
        options: O,
        rows_used: f64,
        left_out: Vec<LeftOut>,
    ) -> Self {
        let mut rows_left_out = left_out_of(crm, tables);
        rows_left_out.extend(left_out);
        Meta {
            version: env!("CARGO_PKG_VERSION"),
            analysis,
            as_of: Some(crm.as_of).filter(|instant| instant.is_finite()),
            seed: None,
            options,
            rows_used,
            rows_left_out,
        }
    }

    /// The same with the seed of its random numbers.
    pub fn with_seed(mut self, seed: u32) -> Self {
        self.seed = Some(seed);
        self
    }
}

fn left_out_of(crm: &Crm, tables: &[&str]) -> Vec<LeftOut> {
    crm.left_out.iter().filter(|left| tables.contains(&left.table.as_str())).cloned().collect()
}

/// A number with its interval and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Point estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Rows (weighted) it rests on.
    pub n: f64,
}
