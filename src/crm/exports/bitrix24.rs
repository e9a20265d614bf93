//! Bitrix24: `crm.deal` and `crm.stagehistory`. Ids of stages are such as `C7:NEW`.

use super::{Export, PLAIN, Shape};
use crate::crm::{Outcome, TableKind};

pub(super) const BITRIX24: Export = Export {
    name: "Bitrix24",
    shapes: &[
        Shape {
            signature: &["stageid", "opportunity", "datecreate", "assignedbyid"],
            roles: &[
                ("id", "id"),
                ("datecreate", "created_at"),
                ("closedate", "closed_at"),
                ("stagesemanticid", "outcome"),
                ("stageid", "stage"),
                ("opportunity", "amount"),
                ("currencyid", "currency"),
                ("assignedbyid", "owner"),
                ("companyid", "customer_id"),
                ("sourceid", "source"),
                ("probability", "probability"),
                ("closed", "is_closed"),
                ("movedtime", "stage_entered_at"),
                ("begindate", ""),
            ],
            outcomes: &[("p", Outcome::Open), ("s", Outcome::Won), ("f", Outcome::Lost)],
            close_may_be_expected: true,
            ..PLAIN
        },
        Shape {
            kind: TableKind::History,
            signature: &["ownerid", "stageid", "createdtime"],
            roles: &[("ownerid", "deal_id"), ("stageid", "stage"), ("createdtime", "entered_at")],
            ..PLAIN
        },
    ],
};
