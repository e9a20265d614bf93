//! Dynamics 365 Sales: `opportunity`, by logical names and by labels.

use super::{Export, PLAIN, Shape};
use crate::crm::Outcome;

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
    ..PLAIN
};

pub(super) const DYNAMICS: Export = Export {
    name: "Dynamics 365",
    shapes: &[
        Shape { signature: &["opportunityid", "statecode", "estimatedvalue"], ..DEALS },
        Shape { signature: &["opportunityid", "statecode", "actualclosedate"], ..DEALS },
        Shape { signature: &["estclosedate", "estrevenue", "status"], ..DEALS },
    ],
};
