//! Zoho CRM: the deals module, by API names and by labels, which fold alike.

use super::{Export, PLAIN, Shape};
use crate::crm::TableKind;

const DEALS: Shape = Shape {
    roles: &[
        ("recordid", "id"),
        ("dealid", "id"),
        ("id", "id"),
        ("createdtime", "created_at"),
        ("closingdate", "closed_at"),
        ("stage", "stage"),
        ("amount", "amount"),
        ("dealowner", "owner"),
        ("owner", "owner"),
        ("accountname", "customer_id"),
        ("leadsource", "source"),
        ("probability", "probability"),
        ("reasonforlosss", "lost_reason"),
        ("reasonforloss", "lost_reason"),
        ("currency", "currency"),
        ("expectedrevenue", ""),
    ],
    close_may_be_expected: true,
    ..PLAIN
};

/// A row is written when a deal enters a stage; its duration, in days, when it leaves it.
const HISTORY: Shape = Shape {
    kind: TableKind::History,
    roles: &[
        ("dealid", "deal_id"),
        ("dealnameid", "deal_id"),
        ("dealname", "deal_id"),
        ("potentialid", "deal_id"),
        ("stage", "stage"),
        ("movedtos", "to"),
        ("movedto", "to"),
        ("modifiedtime", "entered_at"),
        ("closingdate", ""),
        ("closedate", ""),
    ],
    ..PLAIN
};

pub(super) const ZOHO: Export = Export {
    name: "Zoho CRM",
    shapes: &[
        Shape { signature: &["dealname", "closingdate", "stage"], ..DEALS },
        Shape { signature: &["dealname", "closingdate", "stage", "createdtime"], ..DEALS },
        Shape { signature: &["stage", "stagedurationcalendardays", "modifiedtime", "closingdate"], ..HISTORY },
        Shape { signature: &["stage", "stagedurationcalendardays", "modifiedtime"], ..HISTORY },
        Shape { signature: &["stage", "movedtos", "modifiedtime"], ..HISTORY },
    ],
};
