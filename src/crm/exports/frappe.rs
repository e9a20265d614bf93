//! Frappe CRM: `CRM Deal` and its `status_change_log`.

use super::{Export, PLAIN, Shape};
use crate::crm::TableKind;

pub(super) const FRAPPE: Export = Export {
    name: "Frappe CRM",
    shapes: &[
        Shape {
            signature: &["dealvalue", "dealowner", "creation", "status"],
            roles: &[
                ("name", "id"),
                ("creation", "created_at"),
                ("closeddate", "closed_at"),
                // The status of a deal is its stage; won and lost are two of them.
                ("status", "stage"),
                ("dealvalue", "amount"),
                ("dealowner", "owner"),
                ("organization", "customer_id"),
                ("source", "source"),
                ("expectedclosuredate", "expected_close"),
                ("probability", "probability"),
                ("lostreason", "lost_reason"),
                ("currency", "currency"),
            ],
            ..PLAIN
        },
        Shape {
            kind: TableKind::History,
            signature: &["from", "to", "fromdate", "todate", "parent"],
            roles: &[
                ("parent", "deal_id"),
                ("from", "stage"),
                ("to", "to"),
                ("fromdate", "entered_at"),
                ("todate", "exited_at"),
                ("duration", "duration"),
            ],
            ..PLAIN
        },
    ],
};
