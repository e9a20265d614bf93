//! The one error type: each message names the value, the rule and the place, each kind has a stable [`Error::code`].

use serde::Serialize;

/// Why a call could not be answered.
///
/// Problems of single rows are not errors: the row is left out, counted and listed in [`crate::crm::LeftOut`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The input holds no bytes.
    #[error("{table}: the file is empty")]
    EmptyInput {
        /// Table that was being read.
        table: String,
    },
    /// The input is no text in the expected encoding.
    #[error("{table}: byte {byte} is not UTF-8 text; the file may be in another encoding or not be a CSV file")]
    NotUtf8 {
        /// Table that was being read.
        table: String,
        /// Offset of the first byte that is not UTF-8.
        byte: usize,
    },
    /// The input holds control bytes that no text file has.
    #[error("{table}: byte {byte} has the value {value}, which no CSV file holds; the file is binary")]
    Binary {
        /// Table that was being read.
        table: String,
        /// Offset of the byte.
        byte: usize,
        /// Its value.
        value: u8,
    },
    /// The file has a header and nothing below it.
    #[error("{table}: the file has a header and no rows")]
    NoRows {
        /// Table that was being read.
        table: String,
    },
    /// Columns of one table differ in length.
    #[error("{table}: column {column} has {length} values, {expected} expected")]
    ColumnLength {
        /// Table.
        table: String,
        /// Column.
        column: String,
        /// Its length.
        length: usize,
        /// Length of the table.
        expected: usize,
    },
    /// A mapping or an option names a column that the table does not have.
    #[error("{table} has no column “{column}”; it has: {}", available.join(", "))]
    UnknownColumn {
        /// Table.
        table: String,
        /// The name asked for.
        column: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// A role that an analysis cannot do without has no column.
    #[error("{analysis} needs {role} in {table}, and no column was recognised as it; name it in the mapping")]
    MissingRole {
        /// Analysis that was asked for.
        analysis: String,
        /// Table.
        table: String,
        /// Role, as in the mapping.
        role: String,
    },
    /// A table that an analysis cannot do without was not loaded.
    #[error("{analysis} needs the table {table}, which was not given")]
    MissingTable {
        /// Analysis that was asked for.
        analysis: String,
        /// Table.
        table: String,
    },
    /// An option or a mapping entry has a value that its rule does not allow.
    #[error("{option} is {value}; {rule}")]
    InvalidOption {
        /// Option, in the spelling of the JavaScript API.
        option: String,
        /// The value given.
        value: String,
        /// What is allowed.
        rule: String,
    },
    /// A regression has no unique solution.
    #[error("no unique fit: {what}")]
    NoUniqueFit {
        /// What stands in the way.
        what: String,
    },
    /// More of something than an analysis can make sense of.
    #[error("{analysis} takes at most {most} {what}, there are {have}")]
    TooMany {
        /// Analysis that was asked for.
        analysis: String,
        /// What is counted.
        what: String,
        /// How many are taken.
        most: usize,
        /// How many there are.
        have: usize,
    },
    /// Too few usable rows for any answer.
    #[error("{analysis} needs at least {needed} {what}, there are {have}")]
    TooFew {
        /// Analysis that was asked for.
        analysis: String,
        /// What is counted.
        what: String,
        /// How many are needed.
        needed: usize,
        /// How many there are.
        have: usize,
    },
}

/// Machine-readable part of an error, for the host: the fields of the variant by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// A text.
    Text(String),
    /// A count or an offset.
    Count(usize),
    /// Several texts.
    List(Vec<String>),
}

impl Error {
    /// [`Error::InvalidOption`]; out of line, since many options are judged.
    #[cold]
    #[inline(never)]
    pub(crate) fn invalid_option(option: &str, value: String, rule: &str) -> Error {
        Error::InvalidOption { option: option.into(), value, rule: rule.into() }
    }

    /// The stable name of the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Error::EmptyInput { .. } => "empty_input",
            Error::NotUtf8 { .. } => "not_utf8",
            Error::Binary { .. } => "binary",
            Error::NoRows { .. } => "no_rows",
            Error::ColumnLength { .. } => "column_length",
            Error::UnknownColumn { .. } => "unknown_column",
            Error::MissingRole { .. } => "missing_role",
            Error::MissingTable { .. } => "missing_table",
            Error::InvalidOption { .. } => "invalid_option",
            Error::NoUniqueFit { .. } => "no_unique_fit",
            Error::TooFew { .. } => "too_few",
            Error::TooMany { .. } => "too_many",
        }
    }

    /// The fields of the error by name, in the order of the message.
    pub fn details(&self) -> Vec<(&'static str, Detail)> {
        use Detail::{Count, List, Text};
        let text = |s: &String| Text(s.clone());
        match self {
            Error::EmptyInput { table } | Error::NoRows { table } => vec![("table", text(table))],
            Error::NotUtf8 { table, byte } => vec![("table", text(table)), ("byte", Count(*byte))],
            Error::Binary { table, byte, value } => {
                vec![("table", text(table)), ("byte", Count(*byte)), ("value", Count(usize::from(*value)))]
            }
            Error::ColumnLength { table, column, length, expected } => vec![
                ("table", text(table)),
                ("column", text(column)),
                ("length", Count(*length)),
                ("expected", Count(*expected)),
            ],
            Error::UnknownColumn { table, column, available } => {
                vec![("table", text(table)), ("column", text(column)), ("available", List(available.clone()))]
            }
            Error::MissingRole { analysis, table, role } => {
                vec![("analysis", text(analysis)), ("table", text(table)), ("role", text(role))]
            }
            Error::MissingTable { analysis, table } => vec![("analysis", text(analysis)), ("table", text(table))],
            Error::InvalidOption { option, value, rule } => {
                vec![("option", text(option)), ("value", text(value)), ("rule", text(rule))]
            }
            Error::NoUniqueFit { what } => vec![("what", text(what))],
            Error::TooMany { analysis, what, most, have } => {
                vec![("analysis", text(analysis)), ("what", text(what)), ("most", Count(*most)), ("have", Count(*have))]
            }
            Error::TooFew { analysis, what, needed, have } => vec![
                ("analysis", text(analysis)),
                ("what", text(what)),
                ("needed", Count(*needed)),
                ("have", Count(*have)),
            ],
        }
    }
}

/// Result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;
