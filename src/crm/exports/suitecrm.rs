//! SuiteCRM: `opportunities` and `opportunities_audit`. `date_closed` is the expected and the actual close date.

use super::{Export, PLAIN, Shape};
use crate::crm::TableKind;

pub(super) const SUITECRM: Export = Export {
    name: "SuiteCRM",
    shapes: &[
        Shape {
            signature: &["salesstage", "dateclosed", "dateentered"],
            roles: &[
                ("id", "id"),
                ("dateentered", "created_at"),
                ("dateclosed", "closed_at"),
                ("salesstage", "stage"),
                ("amountusdollar", "amount"),
                ("amount", "amount"),
                ("assigneduserid", "owner"),
                ("accountid", "customer_id"),
                ("leadsource", "source"),
                ("probability", "probability"),
                ("currencyid", "currency"),
                ("deleted", "is_deleted"),
            ],
            close_may_be_expected: true,
            ..PLAIN
        },
        Shape {
            kind: TableKind::History,
            signature: &["parentid", "fieldname", "beforevaluestring", "aftervaluestring", "datecreated"],
            roles: &[
                ("parentid", "deal_id"),
                ("fieldname", "field"),
                ("beforevaluestring", "old"),
                ("aftervaluestring", "stage"),
                ("datecreated", "entered_at"),
            ],
            ..PLAIN
        },
    ],
};
