//! Odoo: `crm.lead` and `mail.tracking.value`. A lost lead is an inactive one of probability 0.

use super::{Export, PLAIN, Shape};
use crate::crm::TableKind;

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
                ("createdate", "entered_at"),
            ],
            ..PLAIN
        },
    ],
};
