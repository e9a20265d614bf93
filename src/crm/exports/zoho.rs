//! Zoho CRM: the deals module, by API names and by labels, which fold alike.
//!
//! The labels are those of "Standard fields in Deals" in Zoho's help; the history has those of "Stage History Migration", the API names being
//! `Potential_Name`, `Stage`, `Moved_To__s`, `Stage_Duration_Calendar_Days`, `Modified_Time` of the module `DealHistory`.

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

/// A row is written when a deal enters a stage, which is its modified time; its duration in days and where it moved to, when it leaves it. These
/// say nothing that the next row does not: read as a move at that time, every stay would be that of the stage before.
const HISTORY: Shape = Shape {
    kind: TableKind::History,
    roles: &[
        ("dealid", "deal_id"),
        ("dealnameid", "deal_id"),
        ("potentialnameid", "deal_id"),
        ("potentialid", "deal_id"),
        ("dealname", "deal_id"),
        ("potentialname", "deal_id"),
        ("stage", "stage"),
        ("movedtos", ""),
        ("movedto", ""),
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
        Shape {
            signature: &["stage", "movedtos", "stagedurationcalendardays", "modifiedtime", "closingdate"],
            ..HISTORY
        },
        Shape { signature: &["stage", "movedtos", "modifiedtime"], ..HISTORY },
        Shape { signature: &["stage", "movedto", "modifiedtime"], ..HISTORY },
    ],
};
