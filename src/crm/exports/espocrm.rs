//! EspoCRM: `Opportunity`. `closeDate` is the expected and the actual close date.

use super::{Export, PLAIN, Shape};

const DEALS: Shape = Shape {
    roles: &[
        ("id", "id"),
        ("createdat", "created_at"),
        ("closedate", "closed_at"),
        ("stage", "stage"),
        ("amountconverted", "amount"),
        ("amount", "amount"),
        ("assigneduserid", "owner"),
        ("accountid", "customer_id"),
        ("leadsource", "source"),
        ("probability", "probability"),
        ("amountcurrency", "currency"),
        ("deleted", "is_deleted"),
        ("laststage", ""),
    ],
    close_may_be_expected: true,
    ..PLAIN
};

pub(super) const ESPOCRM: Export = Export {
    name: "EspoCRM",
    shapes: &[
        Shape { signature: &["amountcurrency", "laststage", "closedate", "createdat"], ..DEALS },
        Shape { signature: &["amountcurrency", "assigneduserid", "closedate", "createdat"], ..DEALS },
    ],
};
