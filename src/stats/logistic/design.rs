//! Rows × columns of a regression.

use super::functions::all_finite;
use crate::error::{Error, Result};

/// A categorical column of a [`Design`]: code 0 is the reference level and has no coefficient, code j has the j-th one.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// One code per row, at most `levels`.
    pub codes: Vec<u32>,
    /// Number of levels with a coefficient.
    pub levels: usize,
}

/// Rows × columns of a regression. Coefficients are ordered: intercept, numeric columns, then the levels of each category.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Design {
    pub(super) rows: usize,
    pub(super) numeric: Vec<Vec<f64>>,
    pub(super) categories: Vec<Category>,
}

impl Design {
    /// A design of `rows` rows.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where a column is not `rows` long; [`Error::InvalidOption`] for a number that is not finite or a code above its `levels`.
    pub fn new(rows: usize, numeric: Vec<Vec<f64>>, categories: Vec<Category>) -> Result<Self> {
        let lengths = numeric.iter().map(Vec::len).chain(categories.iter().map(|category| category.codes.len()));
        for (column, length) in lengths.enumerate() {
            if length != rows {
                let (table, column) = ("design".to_owned(), column.to_string());
                return Err(Error::ColumnLength { table, column, length, expected: rows });
            }
        }
        let refuse =
            |value: String, rule: &str| Err(Error::InvalidOption { option: "design".into(), value, rule: rule.into() });
        if let Some(column) = numeric.iter().find(|column| !all_finite(column)) {
            let bad = column.iter().find(|value| !value.is_finite()).copied().unwrap_or(f64::NAN);
            return refuse(bad.to_string(), "numbers of a design are finite");
        }
        for category in &categories {
            if let Some(bad) = category.codes.iter().find(|code| **code as usize > category.levels) {
                return refuse(bad.to_string(), "codes of a category are at most the number of its levels");
            }
        }
        Ok(Design { rows, numeric, categories })
    }

    /// The same rows with further numeric columns after the numeric ones, and further categories after the others.
    ///
    /// # Errors
    /// As [`Design::new`].
    pub fn joined(mut self, numeric: Vec<Vec<f64>>, categories: Vec<Category>) -> Result<Self> {
        self.numeric.extend(numeric);
        self.categories.extend(categories);
        Design::new(self.rows, self.numeric, self.categories)
    }

    /// The same with a coefficient for the first level too in each category that has two or more: for regressions whose penalties hold all levels alike.
    pub fn with_every_level(mut self) -> Self {
        for category in self.categories.iter_mut().filter(|category| category.levels > 1) {
            category.codes.iter_mut().for_each(|code| *code += 1);
            category.levels += 1;
        }
        self
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of coefficients, the intercept included.
    pub fn coefficients(&self) -> usize {
        self.dense() + self.categories.iter().map(|category| category.levels).sum::<usize>()
    }

    /// Number of columns that are no level of a category, the intercept included: the first ones of [`Design::active`].
    pub fn dense(&self) -> usize {
        1 + self.numeric.len()
    }

    /// Calls `visit` with the columns that are not zero in `row`, ascending: 0 is the intercept.
    #[inline]
    pub fn active(&self, row: usize, mut visit: impl FnMut(usize, f64)) {
        visit(0, 1.0);
        for (j, column) in self.numeric.iter().enumerate() {
            visit(1 + j, column[row]);
        }
        let mut first = 1 + self.numeric.len();
        for category in &self.categories {
            let code = category.codes[row] as usize;
            if code > 0 {
                visit(first + code - 1, 1.0);
            }
            first += category.levels;
        }
    }

    /// Every `step`-th row.
    pub(super) fn strided(&self, step: usize) -> Design {
        let category =
            |c: &Category| Category { codes: c.codes.iter().copied().step_by(step).collect(), levels: c.levels };
        Design {
            rows: self.rows.div_ceil(step),
            numeric: self.numeric.iter().map(|column| column.iter().copied().step_by(step).collect()).collect(),
            categories: self.categories.iter().map(category).collect(),
        }
    }

    /// The linear predictor of `row`.
    pub fn score(&self, row: usize, coefficients: &[f64]) -> f64 {
        let mut score = 0.0;
        self.active(row, |column, value| score += value * coefficients[column]);
        score
    }
}
