//! HubSpot: deal properties of the API, the export of the deals view, and the tables of Fivetran.

use super::{Export, PLAIN, Shape};
use crate::crm::TableKind;

const ROLES: &[(&str, &str)] = &[
    ("recordid", "id"),
    ("hsobjectid", "id"),
    ("dealid", "id"),
    ("id", "id"),
    ("createdate", "created_at"),
    ("propertycreatedate", "created_at"),
    ("closedate", "closed_at"),
    ("propertyclosedate", "closed_at"),
    ("dealstage", "stage"),
    ("dealpipelinestageid", "stage"),
    ("amountinhomecurrency", "amount"),
    ("amountincompanycurrency", "amount"),
    ("amount", "amount"),
    ("propertyamount", "amount"),
    ("hubspotownerid", "owner"),
    ("dealowner", "owner"),
    ("ownerid", "owner"),
    ("companyname", "customer_id"),
    ("associatedcompanyids", "customer_id"),
    ("associatedcompany", "customer_id"),
    ("hsdealstageprobability", "probability"),
    ("closedlostreason", "lost_reason"),
    ("dealcurrencycode", "currency"),
    ("currency", "currency"),
    ("hsisclosed", "is_closed"),
    ("isclosed", "is_closed"),
    ("hsisclosedwon", "is_won"),
    ("isclosedwon", "is_won"),
    ("isdeleted", "is_deleted"),
    ("hsv2dateenteredcurrentstage", "stage_entered_at"),
    ("dateenteredcurrentstage", "stage_entered_at"),
];

const DEALS: Shape = Shape { roles: ROLES, close_may_be_expected: true, ..PLAIN };

pub(super) const HUBSPOT: Export = Export {
    name: "HubSpot",
    shapes: &[
        Shape { signature: &["dealname", "dealstage", "closedate", "createdate"], ..DEALS },
        Shape { signature: &["dealname", "dealstage", "hsobjectid"], ..DEALS },
        Shape { signature: &["recordid", "dealname", "dealstage"], ..DEALS },
        Shape { signature: &["dealid", "dealpipelinestageid", "propertydealname"], ..DEALS },
        Shape {
            kind: TableKind::History,
            signature: &["dealid", "value", "dateentered", "sourceid"],
            roles: &[("dealid", "deal_id"), ("value", "stage"), ("dateentered", "entered_at")],
            ..PLAIN
        },
    ],
};
