//! What to segment and how.

use super::method::Method;
use super::recipe::{Recipe, Transform};
use super::value::TierLimits;
use crate::error::{Error, Result};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// Options of [`super::segments()`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SegmentsOptions {
    /// Recency, frequency and monetary value of orders, or columns of another table; when missing the former, or every useful column where `of` is another
    /// table.
    pub features: Option<FeatureChoice>,
    /// Table of chosen columns: customers where they have been loaded, else deals. Orders for RFM.
    pub of: Option<SegmentsOf>,
    /// Transforms for RFM.
    pub transforms: RfmTransforms,
    /// Monetary value for RFM.
    pub monetary: Monetary,
    /// How segments are found.
    pub method: Method,
    /// Radius of a neighbourhood in standard deviations, for [`Method::Density`]; learnt when missing.
    pub radius: Option<f64>,
    /// Weight that the neighbourhood of a core customer has at least, for [`Method::Density`]; twice the number of features, and at least 4, when missing.
    pub min_weight: Option<f64>,
    /// Number of segments from 1 to 100; when missing, that of 2 to 10 with the largest mean silhouette, of a mixture that of 1 to 10 with the lowest
    /// information criterion. Not for [`Method::Density`].
    pub k: Option<u32>,
    /// Run once, from these customers (0-based, in ascending id order), one per segment.
    pub start_rows: Option<Vec<u32>>,
    /// Starts of k-means from 1 to 1000, of which the best is kept.
    pub restarts: u32,
    /// Seed of the starts and of samples.
    pub seed: u32,
    /// How many points the map gets at most.
    pub points: u32,
    /// Reference sets of the gap statistic, to 500; 0 for none. When missing 20, and none where the options say `k` or `startRows`: the verdict does not
    /// depend on it.
    pub references: Option<u32>,
    /// Bootstrap samples for the stability of the segments, to 500; 0 for none. When missing 50, and none where the options say `k` or `startRows`, so that a
    /// slider of k answers at once; for [`Method::Kmeans`] only.
    pub bootstraps: Option<u32>,
    /// Recipe of an earlier result: segments that go on from one of its segments keep its name and place.
    pub previous: Option<Recipe>,
    /// Limits of the tiers of value; the mean and the median of all customers when missing.
    pub tiers: Option<TierLimits>,
}

impl Default for SegmentsOptions {
    fn default() -> Self {
        SegmentsOptions {
            features: None,
            of: None,
            transforms: RfmTransforms::default(),
            monetary: Monetary::Sum,
            method: Method::Kmeans,
            radius: None,
            min_weight: None,
            k: None,
            start_rows: None,
            restarts: 10,
            seed: 1,
            points: 20_000,
            references: None,
            bootstraps: None,
            previous: None,
            tiers: None,
        }
    }
}

impl SegmentsOptions {
    /// Nothing if every option is in its range.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for one that is not.
    pub fn check(&self) -> Result<()> {
        let in_range = |option: &str, value: usize, range: std::ops::RangeInclusive<usize>| {
            if range.contains(&value) {
                return Ok(());
            }
            Err(invalid(option, value, format!("it must be from {} to {}", range.start(), range.end())))
        };
        in_range("restarts", self.restarts as usize, 1..=1000)?;
        if let Some(k) = self.k {
            in_range("k", k as usize, 1..=100)?;
        }
        if let Some(rows) = &self.start_rows {
            in_range("the number of startRows", rows.len(), 1..=100)?;
            if self.k.is_some_and(|k| k as usize != rows.len()) {
                return Err(invalid("startRows", rows.len(), "k rows are needed, or k must be left out".into()));
            }
        }
        if self.method != Method::Kmeans && (self.start_rows.is_some() || self.bootstraps.is_some_and(|n| n > 0)) {
            let option = if self.start_rows.is_some() { "startRows" } else { "bootstraps" };
            return Err(Error::invalid_option(option, String::new(), "it is for the method kmeans"));
        }
        for (option, value) in [("radius", self.radius), ("minWeight", self.min_weight)] {
            match value {
                Some(_) if self.method != Method::Density => {
                    return Err(Error::invalid_option(option, String::new(), "it is for the method density"));
                }
                Some(value) if !(value > 0.0 && value < 1e100) => {
                    return Err(Error::invalid_option(option, value.to_string(), "it must be positive"));
                }
                _ => {}
            }
        }
        if let (Method::Density, Some(k)) = (self.method, self.k) {
            return Err(Error::invalid_option("k", k.to_string(), "the method density finds the number itself"));
        }
        in_range("references", self.references.unwrap_or(0) as usize, 0..=500)?;
        in_range("bootstraps", self.bootstraps.unwrap_or(0) as usize, 0..=500)?;
        if let Some(TierLimits { high, low }) = self.tiers {
            for (option, limit) in [("tiers.high", high), ("tiers.low", low)] {
                if !limit.is_finite() {
                    return Err(invalid(option, limit, "a limit is a finite number".into()));
                }
            }
            if low > high {
                return Err(invalid("tiers.low", low, "it must not be above tiers.high".into()));
            }
        }
        self.previous.as_ref().map_or(Ok(()), Recipe::check)
    }
}

/// The error for an option that its rule does not allow.
pub(super) fn invalid(option: &str, value: impl ToString, rule: String) -> Error {
    Error::InvalidOption { option: option.into(), value: value.to_string(), rule }
}

/// Which features customers are segmented by.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FeatureChoice {
    /// A named set.
    Named(FeatureSet),
    /// Columns of numbers or texts.
    Columns(Vec<ColumnChoice>),
}

/// A named set of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureSet {
    /// Recency, frequency and monetary value.
    Rfm,
    /// Every column of the table that can tell its rows apart: numbers that are not ids, and texts of 2 to 12 values.
    Columns,
}

/// A column of numbers, with its transform, or of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ColumnChoice {
    /// Name of the column as written in its table.
    pub column: String,
    /// Transform of numbers; when missing `log1p` where they are not negative and their skewness is above 1, else `none`.
    #[serde(default)]
    pub transform: Option<Transform>,
}

/// Transforms of recency, frequency and monetary value; `log1p` each when missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RfmTransforms {
    /// Of days since the last order.
    pub recency: Transform,
    /// Of the number of order days.
    pub frequency: Transform,
    /// Of the monetary value.
    pub monetary: Transform,
}

/// Which monetary value a customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monetary {
    /// Sum of the amounts.
    Sum,
    /// Sum divided by the number of order days.
    Mean,
}

/// Table whose rows or customers are segmented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentsOf {
    /// Customers by their orders.
    Orders,
    /// Rows of the customers table.
    Customers,
    /// Deals.
    Deals,
    /// The accounts that deals are with, by what their deals say ([`super::ACCOUNT_COLUMNS`]) and the columns of the customers table.
    Accounts,
}

impl<'de> Deserialize<'de> for FeatureChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Choice;
        impl<'de> Visitor<'de> for Choice {
            type Value = FeatureChoice;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("\"rfm\", \"columns\" or a list of columns")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<FeatureChoice, E> {
                match text {
                    "rfm" => Ok(FeatureChoice::Named(FeatureSet::Rfm)),
                    "columns" => Ok(FeatureChoice::Named(FeatureSet::Columns)),
                    other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut columns: A) -> std::result::Result<FeatureChoice, A::Error> {
                let mut choices = Vec::new();
                while let Some(choice) = columns.next_element()? {
                    choices.push(choice);
                }
                Ok(FeatureChoice::Columns(choices))
            }
        }
        // Not derived: an untagged enum brings a second deserializer of everything into the download.
        deserializer.deserialize_any(Choice)
    }
}
