//! Typed columns with weights: the only door for data.

use crate::error::{Error, Result};
use std::sync::Arc;

/// Texts one behind the other in one allocation, which clones share until one of them changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Levels {
    joined: Arc<Joined>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Joined {
    bytes: String,
    ends: Vec<usize>,
}

impl Levels {
    /// The texts that end at `ends` in `bytes`. An end that is no place between two characters makes its text empty.
    pub(crate) fn from_parts(bytes: String, ends: Vec<usize>) -> Self {
        Levels { joined: Arc::new(Joined { bytes, ends }) }
    }

    /// The decimal digits of each number as a text.
    pub(crate) fn of_whole(numbers: &[u32]) -> Self {
        let (mut bytes, mut ends) = (Vec::with_capacity(numbers.len() * 7), Vec::with_capacity(numbers.len()));
        for &number in numbers {
            let mut digits = [0; 10];
            let mut start = digits.len();
            let mut left = number;
            loop {
                start -= 1;
                digits[start] = b'0' + (left % 10) as u8;
                left /= 10;
                if left == 0 {
                    break;
                }
            }
            bytes.extend_from_slice(&digits[start..]);
            ends.push(bytes.len());
        }
        Levels::from_parts(String::from_utf8(bytes).unwrap_or_default(), ends)
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.joined.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.joined.ends.is_empty()
    }

    /// Text `at`; `None` beyond the last.
    pub fn get(&self, at: usize) -> Option<&str> {
        let Joined { bytes, ends } = &*self.joined;
        let end = *ends.get(at)?;
        let start = at.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
        Some(bytes.get(start..end).unwrap_or_default())
    }

    /// Appends a text.
    pub fn push(&mut self, text: impl AsRef<str>) {
        let joined = Arc::make_mut(&mut self.joined);
        joined.bytes.push_str(text.as_ref());
        joined.ends.push(joined.bytes.len());
    }

    /// Appends texts.
    pub fn extend<S: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = S>) {
        texts.into_iter().for_each(|text| self.push(text));
    }

    /// The texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|at| &self[at])
    }
}

impl std::ops::Index<usize> for Levels {
    type Output = str;

    /// Text `at`; empty beyond the last.
    fn index(&self, at: usize) -> &str {
        self.get(at).unwrap_or_default()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Levels {
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Self {
        let mut levels = Levels::default();
        texts.into_iter().for_each(|text| levels.push(text));
        levels
    }
}

impl<S: AsRef<str>> From<Vec<S>> for Levels {
    fn from(texts: Vec<S>) -> Self {
        texts.into_iter().collect()
    }
}

/// Distinct texts of a column and, per row, which of them it holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Texts {
    /// Index into `levels` per row; [`Texts::MISSING`] where the row has no value.
    pub codes: Vec<u32>,
    /// Distinct values in order of first appearance, as written in the source.
    pub levels: Levels,
}

impl Texts {
    /// Code of a row without a value.
    pub const MISSING: u32 = u32::MAX;

    /// Text of row `row`; `None` where it is missing or the row does not exist.
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = *self.codes.get(row)?;
        self.levels.get(code as usize)
    }
}

impl Texts {
    /// The same texts with one code each, in order of first appearance; levels that no row holds are gone.
    pub(crate) fn merged(&self) -> Texts {
        const UNSEEN: u32 = u32::MAX - 1;
        let mut code_of = vec![UNSEEN; self.levels.len()];
        let mut seen = std::collections::HashMap::new();
        let mut merged = Texts { codes: Vec::with_capacity(self.codes.len()), levels: Levels::default() };
        for code in &self.codes {
            let code = match (code_of.get_mut(*code as usize), self.levels.get(*code as usize)) {
                (Some(code), Some(level)) => {
                    if *code == UNSEEN {
                        *code = *seen.entry(level).or_insert(merged.levels.len() as u32);
                        if *code as usize == merged.levels.len() {
                            merged.levels.push(level);
                        }
                    }
                    *code
                }
                _ => Texts::MISSING,
            };
            merged.codes.push(code);
        }
        merged
    }
}

impl<S: AsRef<str>> FromIterator<Option<S>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<S>>>(values: I) -> Self {
        let mut seen = std::collections::HashMap::new();
        let mut texts = Texts::default();
        for value in values {
            let code = match value {
                None => Texts::MISSING,
                Some(value) => match seen.get(value.as_ref()) {
                    Some(code) => *code,
                    None => {
                        let code = texts.levels.len() as u32;
                        seen.insert(value.as_ref().to_owned(), code);
                        texts.levels.push(value.as_ref());
                        code
                    }
                },
            };
            texts.codes.push(code);
        }
        texts
    }
}

/// Values of one column, one per row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; NaN where missing. None from the reader is beyond 1e30.
    Numbers(Vec<f64>),
    /// Instants in milliseconds since 1970-01-01T00:00Z; NaN where missing.
    Instants(Vec<f64>),
    /// Texts by dictionary code.
    Texts(Texts),
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Numbers(values) | Values::Instants(values) => values.len(),
            Values::Texts(texts) => texts.codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name as written in the source.
    pub name: String,
    /// One value per row.
    pub values: Values,
}

/// Columns of equal length. A row of weight 3 stands for three equal rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    name: String,
    rows: usize,
    columns: Vec<Column>,
    lines: Vec<u32>,
    weights: Option<Vec<f64>>,
}

impl Table {
    /// A table named `name` (`deals`, `history`, …) of columns that must be equally long.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where they are not.
    pub fn new(name: impl Into<String>, columns: Vec<Column>) -> Result<Self> {
        let name = name.into();
        let rows = columns.first().map_or(0, |column| column.values.len());
        for column in &columns {
            if column.values.len() != rows {
                return Err(Error::ColumnLength {
                    table: name,
                    column: column.name.clone(),
                    length: column.values.len(),
                    expected: rows,
                });
            }
        }
        Ok(Table { name, rows, columns, lines: Vec::new(), weights: None })
    }

    /// The same table with the line of the source file (1 is the header) that each row began on.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] unless there is one line per row.
    pub fn with_lines(mut self, lines: Vec<u32>) -> Result<Self> {
        self.check_length("line", lines.len())?;
        self.lines = lines;
        Ok(self)
    }

    /// The same table with a weight per row.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] unless there is one weight per row, [`Error::InvalidOption`] for a weight that is negative or not finite.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self> {
        self.check_length("weight", weights.len())?;
        if let Some(bad) = weights.iter().find(|w| !w.is_finite() || **w < 0.0) {
            return Err(Error::InvalidOption {
                option: "weight".into(),
                value: bad.to_string(),
                rule: "a weight is a finite number that is not negative".into(),
            });
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// Appends a column.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] unless it has one value per row.
    pub(crate) fn push(&mut self, column: Column) -> Result<()> {
        self.check_length(&column.name, column.values.len())?;
        self.columns.push(column);
        Ok(())
    }

    /// Puts `texts` into column `at`, if it exists and they are as many as its values.
    pub(crate) fn set_texts(&mut self, at: usize, texts: Texts) {
        if let Some(column) = self.columns.get_mut(at).filter(|_| texts.codes.len() == self.rows) {
            column.values = Values::Texts(texts);
        }
    }

    fn check_length(&self, column: &str, length: usize) -> Result<()> {
        if length == self.rows {
            return Ok(());
        }
        Err(Error::ColumnLength { table: self.name.clone(), column: column.into(), length, expected: self.rows })
    }

    /// Name of the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns in the order of the source.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of this exact name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Line of the source file that `row` began on; `row + 2` where the source had no lines.
    pub fn line(&self, row: usize) -> u32 {
        self.lines.get(row).copied().unwrap_or(row as u32 + 2)
    }

    /// Weight of each row, where rows are weighted.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_texts_are_the_texts_collected_again() {
        let codes = vec![3, 1, Texts::MISSING, 0, 3, 9, 2, 1];
        let texts = Texts { codes, levels: Levels::from(vec!["b", "a", "a", "c", "unused"]) };
        let collected: Texts = (0..texts.codes.len()).map(|row| texts.get(row)).collect();
        assert_eq!(texts.merged(), collected);
        assert_eq!(collected.levels, Levels::from(vec!["c", "a", "b"]));
    }

    #[test]
    fn whole_numbers_are_texts_as_they_are_written() {
        let numbers = [0, 9, 10, 999, 1_000_000, u32::MAX];
        assert_eq!(Levels::of_whole(&numbers), numbers.iter().map(u32::to_string).collect::<Levels>());
    }

    #[test]
    fn a_clone_keeps_its_texts_when_the_other_changes() {
        let before = Levels::from(vec!["a"]);
        let mut after = before.clone();
        after.push("b");
        assert_eq!((before.len(), after.len()), (1, 2));
    }
}
