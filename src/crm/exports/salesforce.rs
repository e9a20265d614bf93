//! Salesforce: Opportunity, OpportunityHistory and OpportunityFieldHistory, and the opportunities report.

use super::{Export, PLAIN, Shape};
use crate::crm::TableKind;

const ROLES: &[(&str, &str)] = &[
    ("opportunityid", "id"),
    ("id", "id"),
    ("createddate", "created_at"),
    ("closedate", "closed_at"),
    ("stagename", "stage"),
    ("stage", "stage"),
    ("amount", "amount"),
    ("ownerid", "owner"),
    ("opportunityowner", "owner"),
    ("accountid", "customer_id"),
    ("accountname", "customer_id"),
    ("leadsource", "source"),
    ("probability", "probability"),
    ("currencyisocode", "currency"),
    ("amountcurrency", "currency"),
    ("isclosed", "is_closed"),
    ("closed", "is_closed"),
    ("iswon", "is_won"),
    ("won", "is_won"),
    ("isdeleted", "is_deleted"),
    ("expectedrevenue", ""),
];

const DEALS: Shape = Shape { roles: ROLES, close_may_be_expected: true, ..PLAIN };

pub(super) const SALESFORCE: Export = Export {
    name: "Salesforce",
    shapes: &[
        Shape { signature: &["id", "stagename", "closedate"], ..DEALS },
        Shape { signature: &["opportunityowner", "opportunityname", "stage", "closedate"], ..DEALS },
        Shape {
            kind: TableKind::History,
            signature: &["opportunityid", "stagename", "createddate", "closedate"],
            // The close date of a row is the one that was expected then.
            roles: &[
                ("opportunityid", "deal_id"),
                ("stagename", "stage"),
                ("createddate", "entered_at"),
                ("closedate", ""),
            ],
            ..PLAIN
        },
        Shape {
            kind: TableKind::History,
            signature: &["opportunityid", "field", "oldvalue", "newvalue", "createddate"],
            roles: &[
                ("opportunityid", "deal_id"),
                ("field", "field"),
                ("oldvalue", "old"),
                ("newvalue", "stage"),
                ("createddate", "entered_at"),
            ],
            ..PLAIN
        },
    ],
};
