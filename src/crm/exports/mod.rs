//! Exports of CRMs: which system wrote a table, and what its columns mean where their names alone do not say it.

mod bitrix24;
mod dynamics;
mod espocrm;
mod frappe;
mod hubspot;
mod odoo;
mod pipedrive;
mod salesforce;
mod suitecrm;
mod zoho;

use super::mapping::TableKind;
use super::words::{folded, header_names};
use super::{Outcome, lookups};
use crate::error::Result;
use crate::read::Source;
use crate::table::Column;

/// What one system's tables look like.
pub(super) struct Export {
    /// Name of the system.
    pub name: &'static str,
    pub shapes: &'static [Shape],
}

/// One table of a system. Headers are folded ([`folded`]).
pub(super) struct Shape {
    pub kind: TableKind,
    /// Headers that all stand in the table; [`PREFIXED`] where every column begins with one word and a dash.
    pub signature: &'static [&'static str],
    /// Header and name of its role, the surest first; the name is empty where the header must have no role.
    pub roles: &'static [(&'static str, &'static str)],
    /// Codes of the outcome column that no word explains.
    pub outcomes: &'static [(&'static str, Outcome)],
    /// Whether the close date of a closed deal may be the one that was expected.
    pub close_may_be_expected: bool,
    /// Whether a row of the history tells the current stage of a deal, not one of its moves.
    pub current_only: bool,
    /// Whether an amount is to be divided by its exchange rate, not multiplied.
    pub rate_divides: bool,
}

/// A table without roles of its own.
pub(super) const PLAIN: Shape = Shape {
    kind: TableKind::Deals,
    signature: &[],
    roles: &[],
    outcomes: &[],
    close_may_be_expected: false,
    current_only: false,
    rate_divides: false,
};

/// Stands in a signature for: all columns share a prefix such as `Deal - `.
pub(super) const PREFIXED: &str = "-";

const EXPORTS: [&Export; 10] = [
    &hubspot::HUBSPOT,
    &salesforce::SALESFORCE,
    &pipedrive::PIPEDRIVE,
    &zoho::ZOHO,
    &odoo::ODOO,
    &dynamics::DYNAMICS,
    &suitecrm::SUITECRM,
    &espocrm::ESPOCRM,
    &frappe::FRAPPE,
    &bitrix24::BITRIX24,
];

/// Writes out what systems keep inside other columns or in a second table: lookups, the notes of EspoCRM, the messages of Odoo's
/// tracked values.
///
/// # Errors
/// None that a table can cause: columns are as long as their table.
pub(super) fn unfold(sources: &mut [(Option<TableKind>, Source)]) -> Result<()> {
    for (_, source) in sources.iter_mut() {
        lookups::unfold(source)?;
        espocrm::read_notes(source)?;
    }
    odoo::join_messages(sources)
}

/// The system that wrote `table` and the shape that it has there: the one with the longest signature; `None` where none fits
/// or where two systems fit equally well.
pub(super) fn shape_of(table: &[Column]) -> Option<(&'static str, &'static Shape)> {
    let fitting = fitting(table);
    let first = *fitting.first()?;
    fitting.iter().all(|(name, _)| *name == first.0).then_some(first)
}

/// The systems that fit `table` equally well, where there are several.
pub(super) fn rivals(table: &[Column]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = fitting(table).into_iter().map(|(name, _)| name).collect();
    names.dedup();
    if names.len() > 1 { names } else { Vec::new() }
}

/// The shapes of the longest signature that `table` has, in the order of [`EXPORTS`].
fn fitting(table: &[Column]) -> Vec<(&'static str, &'static Shape)> {
    let (names, prefixed) = header_names(table);
    let has = |word: &&str| if *word == PREFIXED { prefixed } else { names.iter().any(|name| name == word) };
    let mut best: Vec<(&'static str, &'static Shape)> = Vec::new();
    for export in EXPORTS {
        for shape in export.shapes.iter().filter(|shape| shape.signature.iter().all(has)) {
            let length = best.first().map_or(0, |(_, shape)| shape.signature.len());
            if shape.signature.len() > length {
                best.clear();
            }
            if shape.signature.len() >= length {
                best.push((export.name, shape));
            }
        }
    }
    best
}

impl Shape {
    /// Places of the columns that have the role in this system, the surest first.
    pub fn columns(&self, role: &str, names: &[String]) -> Vec<usize> {
        let of_role = self.roles.iter().filter(|(_, name)| *name == role);
        of_role.filter_map(|(header, _)| names.iter().position(|name| name == header)).collect()
    }

    /// Whether the header has another role, or none, in this system.
    pub fn denies(&self, role: &str, name: &str) -> bool {
        let mut own = self.roles.iter().filter(|(header, _)| *header == name).peekable();
        own.peek().is_some() && own.all(|(_, other)| *other != role)
    }

    /// The outcome that a code of this system's outcome column means.
    pub fn outcome(&self, text: &str) -> Option<Outcome> {
        let text = folded(text);
        self.outcomes.iter().find(|(code, _)| *code == text).map(|(_, outcome)| *outcome)
    }
}

/// Whether `text` says yes or no; `None` for any other text.
pub(super) fn flag(text: &str) -> Option<bool> {
    match folded(text).as_str() {
        "true" | "yes" | "y" | "1" | "t" | "بله" | "نعم" | "ja" | "oui" | "si" | "sí" | "sim" | "evet" => {
            Some(true)
        }
        "false" | "no" | "n" | "0" | "f" | "خیر" | "لا" | "nein" | "non" | "não" | "nao" | "hayır" => {
            Some(false)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::{DealRole, HistoryRole};

    #[test]
    fn every_header_of_every_system_is_folded_and_every_role_exists() {
        for shape in EXPORTS.iter().flat_map(|export| export.shapes) {
            let headers = shape.roles.iter().map(|(header, _)| header).chain(shape.signature);
            for header in headers.filter(|header| **header != PREFIXED) {
                assert_eq!(folded(header), **header);
            }
            let known: Vec<&str> = match shape.kind {
                TableKind::History => HistoryRole::ALL.iter().map(|role| role.name()).collect(),
                _ => DealRole::ALL.iter().map(|role| role.name()).collect(),
            };
            for (_, role) in shape.roles {
                assert!(role.is_empty() || known.contains(role), "{role}");
            }
        }
    }

    #[test]
    fn flags_are_read_in_any_spelling() {
        assert_eq!(
            ["TRUE", "Yes", "1", "بله", "0", "no", "won"].map(flag),
            [Some(true), Some(true), Some(true), Some(true), Some(false), Some(false), None]
        );
    }
}
