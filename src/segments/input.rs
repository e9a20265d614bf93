//! The features of each customer or deal, before any transform.

use super::options::{ColumnChoice, FeatureChoice, FeatureSet, Monetary, SegmentsOf, SegmentsOptions, invalid};
use super::recipe::Transform;
use super::rfm;
use crate::crm::{Attribute, Crm, LeftOut};
use crate::error::{Error, Result};
use crate::table::{Texts, Values};

/// Features by row, rows in ascending id order.
pub(super) struct Input {
    pub(super) of: SegmentsOf,
    pub(super) ids: Vec<String>,
    pub(super) features: Vec<InputFeature>,
    pub(super) weights: Vec<f64>,
    /// Sum of the amounts by row; RFM only.
    pub(super) money: Option<Vec<f64>>,
    /// Rows (weighted) of the table that all this rests on.
    pub(super) rows_used: f64,
    pub(super) left_out: Vec<LeftOut>,
}

pub(super) struct InputFeature {
    pub(super) name: String,
    pub(super) transform: Transform,
    pub(super) unit: Option<&'static str>,
    /// In original units.
    pub(super) values: Vec<f64>,
    pub(super) transformed: Vec<f64>,
}

impl InputFeature {
    fn new(name: &str, transform: Transform, unit: Option<&'static str>, values: Vec<f64>) -> Self {
        let transformed = values.iter().map(|&value| transform.apply(value)).collect();
        InputFeature { name: name.into(), transform, unit, values, transformed }
    }
}

/// What `options` choose from `crm`, without the rows that lack a feature or its logarithm.
pub(super) fn input(crm: &Crm, options: &SegmentsOptions) -> Result<Input> {
    let mut input = match &options.features {
        None | Some(FeatureChoice::Named(FeatureSet::Rfm)) => from_orders(crm, options)?,
        Some(FeatureChoice::Columns(columns)) => from_columns(crm, columns, options.of)?,
    };
    input.leave_out("missing_value", |feature, row| !feature.values[row].is_finite());
    input.leave_out("not_positive", |feature, row| !feature.transformed[row].is_finite());
    Ok(input)
}

fn from_orders(crm: &Crm, options: &SegmentsOptions) -> Result<Input> {
    if let Some(of @ (SegmentsOf::Customers | SegmentsOf::Deals)) = options.of {
        let value = if of == SegmentsOf::Deals { "deals" } else { "customers" };
        return Err(invalid("of", value, "features \"rfm\" are of orders; name columns for another table".into()));
    }
    let orders = crm
        .orders
        .as_ref()
        .ok_or_else(|| Error::MissingTable { analysis: "segments".into(), table: "orders".into() })?;
    let rfm = rfm::rfm(orders, crm.as_of_day);
    let monetary = match options.monetary {
        Monetary::Sum => rfm.monetary.clone(),
        Monetary::Mean => rfm.monetary.iter().zip(&rfm.frequency).map(|(sum, days)| sum / days).collect(),
    };
    let transforms = options.transforms;
    Ok(Input {
        of: SegmentsOf::Orders,
        weights: vec![1.0; rfm.id.len()],
        ids: rfm.id,
        features: vec![
            InputFeature::new("recency", transforms.recency, Some("days"), rfm.recency),
            InputFeature::new("frequency", transforms.frequency, Some("order_days"), rfm.frequency),
            InputFeature::new("monetary", transforms.monetary, Some("currency"), monetary),
        ],
        money: Some(rfm.monetary),
        rows_used: rfm.orders,
        left_out: rfm.left_out,
    })
}

fn from_columns(crm: &Crm, columns: &[ColumnChoice], of: Option<SegmentsOf>) -> Result<Input> {
    if columns.is_empty() {
        return Err(invalid("features", "[]", "at least one column is needed".into()));
    }
    let of = of.unwrap_or(if crm.customers.is_some() { SegmentsOf::Customers } else { SegmentsOf::Deals });
    let missing = |table: &str| Error::MissingTable { analysis: "segments".into(), table: table.into() };
    let (id, attributes, weights): (&Texts, &[Attribute], Option<&[f64]>) = match of {
        SegmentsOf::Orders => {
            return Err(invalid(
                "of",
                "orders",
                "columns are of customers or deals; orders have features \"rfm\"".into(),
            ));
        }
        SegmentsOf::Customers => {
            let customers = crm.customers.as_ref().ok_or_else(|| missing("customers"))?;
            (&customers.id, &customers.attributes, None)
        }
        SegmentsOf::Deals => {
            let deals = crm.deals.as_ref().ok_or_else(|| missing("deals"))?;
            (&deals.id, &deals.attributes, Some(&deals.weight))
        }
    };
    let ids: Vec<&str> = (0..id.codes.len()).map(|row| id.get(row).unwrap_or("")).collect();
    let order = rfm::ascending_ids(&ids);
    let features = columns.iter().map(|choice| {
        let values = numbers(attributes, &choice.column, of)?;
        let ordered = order.iter().map(|&row| values.get(row).copied().unwrap_or(f64::NAN)).collect();
        Ok(InputFeature::new(&choice.column, choice.transform, None, ordered))
    });
    let weights: Vec<f64> =
        order.iter().map(|&row| weights.and_then(|weights| weights.get(row)).copied().unwrap_or(1.0)).collect();
    let mut input = Input {
        of,
        ids: order.iter().map(|&row| ids[row].to_owned()).collect(),
        features: features.collect::<Result<_>>()?,
        weights,
        money: None,
        rows_used: 0.0,
        left_out: Vec::new(),
    };
    input.keep(|input, row| input.weights[row] > 0.0);
    input.rows_used = input.weights.iter().sum();
    Ok(input)
}

/// The column of numbers `name`.
fn numbers<'a>(attributes: &'a [Attribute], name: &str, of: SegmentsOf) -> Result<&'a [f64]> {
    let found = attributes.iter().find(|attribute| attribute.name == name);
    match found.map(|attribute| &attribute.values) {
        Some(Values::Numbers(values)) => Ok(values),
        Some(_) => Err(invalid("features", name, "a column of numbers is needed".into())),
        None => Err(Error::UnknownColumn {
            table: if of == SegmentsOf::Deals { "deals".into() } else { "customers".into() },
            column: name.into(),
            available: attributes
                .iter()
                .filter(|attribute| matches!(attribute.values, Values::Numbers(_)))
                .map(|attribute| attribute.name.clone())
                .collect(),
        }),
    }
}

impl Input {
    /// Leaves out and counts the rows of which any feature is `bad`.
    fn leave_out(&mut self, reason: &str, bad: impl Fn(&InputFeature, usize) -> bool) {
        const EXAMPLES: usize = 10;
        let is_bad = |input: &Input, row: usize| input.features.iter().any(|feature| bad(feature, row));
        let out: Vec<usize> = (0..self.ids.len()).filter(|&row| is_bad(self, row)).collect();
        if out.is_empty() {
            return;
        }
        self.left_out.push(LeftOut {
            table: if self.of == SegmentsOf::Deals { "deals".into() } else { "customers".into() },
            reason: reason.into(),
            count: out.len() as u64,
            example_values: out.iter().take(EXAMPLES).map(|&row| self.ids[row].clone()).collect(),
            ..LeftOut::default()
        });
        if self.of != SegmentsOf::Orders {
            self.rows_used -= out.iter().map(|&row| self.weights[row]).sum::<f64>();
        }
        self.keep(|input, row| !is_bad(input, row));
    }

    fn keep(&mut self, good: impl Fn(&Input, usize) -> bool) {
        let kept: Vec<bool> = (0..self.ids.len()).map(|row| good(self, row)).collect();
        fn only<T>(values: &mut Vec<T>, kept: &[bool]) {
            let mut flags = kept.iter();
            values.retain(|_| flags.next().copied().unwrap_or(false));
        }
        only(&mut self.ids, &kept);
        only(&mut self.weights, &kept);
        for feature in &mut self.features {
            only(&mut feature.values, &kept);
            only(&mut feature.transformed, &kept);
        }
        if let Some(money) = &mut self.money {
            only(money, &kept);
        }
    }
}
