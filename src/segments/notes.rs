//! What a recipe did to the columns, and what it was not allowed to do.

use serde::Serialize;

/// Kind of a [`Note`]; the dashboard has a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteCode {
    /// The column is skewed (`value` is its skewness) and enters by its logarithm: as it is, a few giants would be the segments.
    LogarithmTaken,
    /// The column is skewed (`value` is its skewness) and enters as it is: a few giants may be segments of their own.
    SkewedWithoutLogarithm,
    /// `value` rare texts of the column share one level.
    LevelsPooled,
    /// `value` missing numbers of the column stand at the median, and a feature tells them apart.
    MissingFilled,
}

/// Something to know about one column of the recipe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Note {
    /// Kind.
    pub code: NoteCode,
    /// Column.
    pub column: String,
    /// What it is about.
    pub value: f64,
}
