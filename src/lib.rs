//! Analytics for CRM data, in the browser: customer segments by clustering, close probability of deals by regression, and
//! how long deals stay in each stage of the funnel.
//!
//! Data goes one way: [`time`] says what a local time means, [`read`] turns bytes into a [`table::Table`], [`crm`] turns tables into deals, passages, customers and
//! orders, and each analysis ([`funnel`], [`forecast`], [`segments`], [`quality`]) answers a question about those. Nothing
//! imports to the left of itself, and nothing leaves the process.

pub mod bulk;
pub mod crm;
pub mod error;
pub mod forecast;
pub mod funnel;
pub mod meta;
pub mod quality;
pub mod read;
pub mod segments;
pub mod simulate;
pub mod stats;
pub mod table;
pub mod time;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

pub use error::{Error, Result};
