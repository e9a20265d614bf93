//! EspoCRM: `Opportunity` and the notes of its stream. `closeDate` is the expected and the actual close date.
//!
//! The fields are those of `entityDefs/Opportunity.json` and `entityDefs/Note.json` in its source, the `data` of notes those that
//! `Tools/Stream/Service.php` writes there: `Create` tells the status that a deal began with, `Status` the one it changed to (an opportunity's is
//! its stage), `Update` what audited fields were and became.

use super::{Export, PLAIN, Shape};
use crate::crm::json::{Piece, pieces};
use crate::crm::words::header_names;
use crate::crm::{TableKind, columns, lookups};
use crate::error::Result;
use crate::read::Source;
use crate::table::{Column, Texts, Values};

const DEALS: Shape = Shape {
    roles: &[
        ("id", "id"),
        ("createdat", "created_at"),
        ("closedate", "closed_at"),
        ("stage", "stage"),
        ("amountconverted", "amount"),
        ("amount", "amount"),
        ("assigneduserid", "owner"),
        ("accountid", "customer_id"),
        ("leadsource", "source"),
        ("probability", "probability"),
        ("amountcurrency", "currency"),
        ("deleted", "is_deleted"),
        ("laststage", ""),
    ],
    close_may_be_expected: true,
    ..PLAIN
};

pub(super) const ESPOCRM: Export = Export {
    name: "EspoCRM",
    shapes: &[
        Shape { signature: &["amountcurrency", "laststage", "closedate", "createdat"], ..DEALS },
        Shape { signature: &["amountcurrency", "assigneduserid", "closedate", "createdat"], ..DEALS },
        Shape {
            kind: TableKind::History,
            signature: &["parentid", "parenttype", "createdat", "databecamestage"],
            roles: &[
                ("parentid", "deal_id"),
                ("datawasstage", "old"),
                ("databecamestage", "stage"),
                ("createdat", "entered_at"),
                ("type", ""),
            ],
            ..PLAIN
        },
    ],
};

/// Writes out the stages in the `data` of notes: what it was and became, or what a new deal began with.
pub(super) fn read_notes(source: &mut Source) -> Result<()> {
    let table = source.table.columns();
    let (names, _) = header_names(table);
    let at = |word: &str| names.iter().position(|name| name == word);
    let (Some(data), Some(_), Some(kind)) = (at("data"), at("parentid"), at("parenttype")) else { return Ok(()) };
    let Values::Texts(data) = &table[data].values else { return Ok(()) };
    let of_deal = columns::texts(&table[kind]);
    let read: Vec<[Option<String>; 2]> = data.levels.iter().map(stages).collect();
    let part = |part: usize| -> Texts {
        let told = |row: usize| {
            let own = of_deal.get(row).is_none_or(|parent| parent == "Opportunity");
            read.get(data.codes[row] as usize).filter(|_| own)?[part].as_deref()
        };
        (0..data.codes.len()).map(told).collect()
    };
    let (was, became) = (part(0), part(1));
    lookups::append(source, Column { name: "data.was.stage".into(), values: Values::Texts(was) })?;
    lookups::append(source, Column { name: "data.became.stage".into(), values: Values::Texts(became) })
}

/// The stage before and after the change that `data` tells of.
fn stages(data: &str) -> [Option<String>; 2] {
    let mut told = [None, None];
    let mut side = 1;
    let mut about_stage = false;
    for window in pieces(data).unwrap_or_default().windows(3) {
        match window {
            [Piece::Text(name), Piece::Mark(':'), Piece::Mark('{')] if name == "was" => side = 0,
            [Piece::Text(name), Piece::Mark(':'), Piece::Mark('{')] if name == "became" => side = 1,
            [Piece::Text(name), Piece::Mark(':'), Piece::Text(value)] => match name.as_str() {
                "stage" => told[side] = Some(value.clone()),
                "field" | "statusField" => about_stage = value == "stage",
                _ => {}
            },
            _ => {}
        }
    }
    if about_stage {
        for window in pieces(data).unwrap_or_default().windows(3) {
            if let [Piece::Text(name), Piece::Mark(':'), Piece::Text(value)] = window
                && matches!(name.as_str(), "value" | "statusValue")
            {
                told[1].get_or_insert_with(|| value.clone());
            }
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::stages;

    #[test]
    fn notes_of_every_kind_tell_the_stage() {
        let told = |data: &str| stages(data).map(|stage| stage.unwrap_or_default());
        assert_eq!(
            told(r#"{"statusValue":"Prospecting","statusField":"stage","statusStyle":"default"}"#),
            ["", "Prospecting"]
        );
        assert_eq!(told(r#"{"field":"stage","value":"Proposal","style":"default"}"#), ["", "Proposal"]);
        let update = r#"{"fields":["stage","amount"],"attributes":{"was":{"stage":"a","amount":1},"became":{"stage":"b","amount":2}}}"#;
        assert_eq!(told(update), ["a", "b"]);
        assert_eq!(told(r#"{"field":"status","value":"Held","style":"success"}"#), ["", ""]);
        assert_eq!(told("no data"), ["", ""]);
    }
}
