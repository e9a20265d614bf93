//! Odoo: `crm.lead` and `mail.tracking.value`. A lost lead is an inactive one of probability 0.

use super::{Export, PLAIN, Shape};
use crate::crm::words::header_names;
use crate::crm::{TableKind, columns, lookups};
use crate::error::Result;
use crate::read::Source;
use crate::read::fold::folded;
use crate::table::{Column, Texts, Values};
use std::collections::HashMap;

const DEALS: Shape = Shape {
    roles: &[
        ("id", "id"),
        ("createdate", "created_at"),
        ("createdon", "created_at"),
        ("dateclosed", "closed_at"),
        ("closeddate", "closed_at"),
        ("wonstatus", "outcome"),
        ("stageid", "stage"),
        ("stage", "stage"),
        ("expectedrevenue", "amount"),
        ("userid", "owner"),
        ("salesperson", "owner"),
        ("partnerid", "customer_id"),
        ("customer", "customer_id"),
        ("sourceid", "source"),
        ("datedeadline", "expected_close"),
        ("expectedclosing", "expected_close"),
        ("probability", "probability"),
        ("lostreasonid", "lost_reason"),
        ("lostreason", "lost_reason"),
        ("active", "is_active"),
        ("companycurrency", "currency"),
        ("datelaststageupdate", "stage_entered_at"),
        ("durationtracking", "stage_times"),
        ("dateopen", ""),
    ],
    ..PLAIN
};

pub(super) const ODOO: Export = Export {
    name: "Odoo",
    shapes: &[
        Shape { signature: &["stageid", "expectedrevenue", "probability", "createdate"], ..DEALS },
        Shape { signature: &["expectedrevenue", "expectedclosing", "salesperson", "stage"], ..DEALS },
        Shape {
            kind: TableKind::History,
            signature: &["oldvaluechar", "newvaluechar", "fieldid", "resid"],
            roles: &[
                ("resid", "deal_id"),
                ("fieldid", "field"),
                ("oldvaluechar", "old"),
                ("newvaluechar", "stage"),
                ("date", "entered_at"),
                ("createdate", "entered_at"),
            ],
            ..PLAIN
        },
    ],
};

/// Gives tracked values the deal and the time of their messages (`mail.message`), where those stand in a table of their own.
pub(super) fn join_messages(sources: &mut [(Option<TableKind>, Source)]) -> Result<()> {
    let place = |source: &Source, words: &[&str]| {
        let (names, _) = header_names(source.table.columns());
        words.iter().find_map(|word| names.iter().position(|name| name == word))
    };
    let has = |source: &Source, word: &str| place(source, &[word]).is_some();
    let tracked = sources.iter().position(|(_, source)| has(source, "newvaluechar") && !has(source, "resid"));
    let messages = sources.iter().position(|(_, source)| has(source, "resid") && !has(source, "newvaluechar"));
    let (Some(tracked), Some(messages)) = (tracked, messages) else { return Ok(()) };
    let column = |source: usize, words: &[&str]| {
        let source = &sources[source].1;
        place(source, words).map(|at| &source.table.columns()[at])
    };
    let keys = (column(tracked, &["mailmessageidid", "mailmessageid"]), column(messages, &["id"]));
    let (Some(key), Some(id), Some(deal), Some(date)) =
        (keys.0, keys.1, column(messages, &["resid"]), column(messages, &["date", "createdate"]))
    else {
        return Ok(());
    };
    let (key, id, deal, dates) =
        (columns::texts(key), columns::texts(id), columns::texts(deal), columns::instants(date));
    let model = column(messages, &["model", "relateddocumentmodel"]).map(columns::texts);
    let of_lead = |row: usize| {
        let model = model.as_ref().and_then(|model| model.get(row)).map(folded);
        model.is_none_or(|model| matches!(model.as_str(), "crmlead" | "lead" | "leadopportunity"))
    };
    let row_of: HashMap<&str, usize> = (0..id.codes.len()).filter_map(|row| id.get(row).map(|id| (id, row))).collect();
    let rows: Vec<Option<usize>> =
        (0..key.codes.len()).map(|row| key.get(row).and_then(|key| row_of.get(key)).copied()).collect();
    let deals: Texts = rows.iter().map(|row| row.filter(|row| of_lead(*row)).and_then(|row| deal.get(row))).collect();
    let times = rows.iter().map(|row| row.map_or(f64::NAN, |row| dates[row])).collect();
    let source = &mut sources[tracked].1;
    lookups::append(source, Column { name: "res_id".into(), values: Values::Texts(deals) })?;
    lookups::append(source, Column { name: "date".into(), values: Values::Instants(times) })
}
