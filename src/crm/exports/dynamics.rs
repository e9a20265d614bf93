//! Dynamics 365 Sales: `opportunity`, by logical names and by labels.

use super::{Export, PLAIN, Shape};
use crate::crm::{Outcome, TableKind};

const DEALS: Shape = Shape {
    roles: &[
        ("opportunityid", "id"),
        ("donotmodifyopportunity", "id"),
        ("createdon", "created_at"),
        ("actualclosedate", "closed_at"),
        ("statecode", "outcome"),
        ("status", "outcome"),
        ("stepname", "stage"),
        ("pipelinephase", "stage"),
        ("estimatedvalue", "amount"),
        ("estrevenue", "amount"),
        ("estimatedrevenue", "amount"),
        ("ownerid", "owner"),
        ("owner", "owner"),
        ("parentaccountid", "customer_id"),
        ("account", "customer_id"),
        ("estimatedclosedate", "expected_close"),
        ("estclosedate", "expected_close"),
        ("closeprobability", "probability"),
        ("transactioncurrencyid", "currency"),
        ("currency", "currency"),
    ],
    outcomes: &[("0", Outcome::Open), ("1", Outcome::Won), ("2", Outcome::Lost)],
    // Units of the deal's currency per unit of the base currency.
    rate_divides: true,
    ..PLAIN
};

pub(super) const DYNAMICS: Export = Export {
    name: "Dynamics 365",
    shapes: &[
        Shape { signature: &["opportunityid", "statecode", "estimatedvalue"], ..DEALS },
        Shape { signature: &["opportunityid", "statecode", "actualclosedate"], ..DEALS },
        Shape { signature: &["estclosedate", "estrevenue", "status"], ..DEALS },
        // A business process flow: the path holds no times.
        Shape {
            kind: TableKind::History,
            signature: &["opportunityid", "activestageid", "activestagestartedon"],
            roles: &[
                ("opportunityid", "deal_id"),
                ("activestageid", "stage"),
                ("activestagestartedon", "entered_at"),
                ("createdon", ""),
                ("statecode", ""),
            ],
            current_only: true,
            ..PLAIN
        },
    ],
};
