//! Zoho CRM: the deals module, by API names and by labels, which fold alike.

use super::{Export, PLAIN, Shape};

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

pub(super) const ZOHO: Export = Export {
    name: "Zoho CRM",
    shapes: &[
        Shape { signature: &["dealname", "closingdate", "stage"], ..DEALS },
        Shape { signature: &["dealname", "closingdate", "stage", "createdtime"], ..DEALS },
    ],
};
