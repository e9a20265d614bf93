//! Pipedrive: deals of the API, and the export whose columns all begin with the translated word for deal.
//!
//! The fields of `GET /deals/{id}/flow` and `GET /deals/{id}/changelog` are those of Pipedrive's API reference and of its own client libraries
//! (`ChangelogResponseAllOfData`). A row of the changelog does not name its deal: who gathers several adds it.

use super::{Export, PLAIN, PREFIXED, Shape};
use crate::crm::TableKind;

const ROLES: &[(&str, &str)] = &[
    ("id", "id"),
    ("addtime", "created_at"),
    ("dealcreated", "created_at"),
    ("closetime", "closed_at"),
    ("dealclosedon", "closed_at"),
    ("wontime", "won_at"),
    ("losttime", "lost_at"),
    ("status", "outcome"),
    ("stage", "stage"),
    ("stageid", "stage"),
    ("value", "amount"),
    ("currency", "currency"),
    ("currencyofvalue", "currency"),
    ("owner", "owner"),
    ("userid", "owner"),
    ("organization", "customer_id"),
    ("orgid", "customer_id"),
    ("expectedclosedate", "expected_close"),
    ("probability", "probability"),
    ("lostreason", "lost_reason"),
    ("stagechangetime", "stage_entered_at"),
    ("laststagechange", "stage_entered_at"),
    ("stayinpipelinestages", "stage_times"),
    // Czech, German, French, Spanish, Portuguese.
    ("hodnota", "amount"),
    ("wert", "amount"),
    ("valeur", "amount"),
    ("valor", "amount"),
    ("stav", "outcome"),
    ("statut", "outcome"),
    ("estado", "outcome"),
    ("fáze", "stage"),
    ("phase", "stage"),
    ("étape", "stage"),
    ("etapa", "stage"),
    ("vlastník", "owner"),
    ("besitzer", "owner"),
    ("propriétaire", "owner"),
    ("propietario", "owner"),
    ("proprietário", "owner"),
    ("organizace", "customer_id"),
    ("organisation", "customer_id"),
    ("organización", "customer_id"),
    ("organização", "customer_id"),
];

const DEALS: Shape = Shape { roles: ROLES, ..PLAIN };

pub(super) const PIPEDRIVE: Export = Export {
    name: "Pipedrive",
    shapes: &[
        Shape { signature: &["addtime", "stageid", "status", "wontime", "losttime"], ..DEALS },
        Shape { signature: &[PREFIXED, "value", "stage", "status"], ..DEALS },
        Shape { signature: &[PREFIXED, "hodnota"], ..DEALS },
        Shape { signature: &[PREFIXED, "wert", "status"], ..DEALS },
        Shape { signature: &[PREFIXED, "valeur", "statut"], ..DEALS },
        Shape { signature: &[PREFIXED, "valor", "etapa"], ..DEALS },
        // Changes of deals in their flow, as they are and with the envelope of the interface.
        Shape {
            kind: TableKind::History,
            signature: &["itemid", "fieldkey", "oldvalue", "newvalue", "logtime"],
            roles: &[
                ("itemid", "deal_id"),
                ("fieldkey", "field"),
                ("oldvalue", "old"),
                ("newvalue", "stage"),
                ("logtime", "entered_at"),
            ],
            ..PLAIN
        },
        Shape {
            kind: TableKind::History,
            signature: &["dataitemid", "datafieldkey", "dataoldvalue", "datanewvalue", "datalogtime"],
            roles: &[
                ("dataitemid", "deal_id"),
                ("datafieldkey", "field"),
                ("dataoldvalue", "old"),
                ("datanewvalue", "stage"),
                ("datalogtime", "entered_at"),
                ("timestamp", ""),
            ],
            ..PLAIN
        },
        Shape {
            kind: TableKind::History,
            signature: &["dealid", "fieldkey", "oldvalue", "newvalue", "time"],
            roles: &[
                ("dealid", "deal_id"),
                ("fieldkey", "field"),
                ("oldvalue", "old"),
                ("newvalue", "stage"),
                ("time", "entered_at"),
            ],
            ..PLAIN
        },
    ],
};
