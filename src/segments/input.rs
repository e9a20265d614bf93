//! The features of each customer or deal, before any transform.

use super::notes::{Note, NoteCode};
use super::options::{ColumnChoice, FeatureChoice, FeatureSet, Monetary, SegmentsOf, SegmentsOptions, invalid};
use super::recipe::{MISSING, OTHER, Recipe, Transform, skewness};
use super::rfm;
use crate::crm::{Attribute, Crm, LeftOut};
use crate::error::{Error, Result};
use crate::stats::order::sorted_rows;
use crate::table::{Column, Table, Texts, Values};

/// Features by row, rows in ascending id order.
pub(super) struct Input {
    pub(super) of: SegmentsOf,
    pub(super) ids: Vec<String>,
    pub(super) features: Vec<InputFeature>,
    pub(super) weights: Vec<f64>,
    /// Sum of the amounts by row; RFM only.
    pub(super) money: Option<Vec<f64>>,
    /// What bands and tiers are made of: the sum of the amounts, or the amount of a deal (NaN where unknown).
    pub(super) value: Option<Vec<f64>>,
    pub(super) notes: Vec<Note>,
    /// Rows (weighted) of the table that all this rests on.
    pub(super) rows_used: f64,
    pub(super) left_out: Vec<LeftOut>,
}

pub(super) struct InputFeature {
    pub(super) name: String,
    pub(super) level: Option<String>,
    pub(super) transform: Transform,
    pub(super) unit: Option<&'static str>,
    /// In original units.
    pub(super) values: Vec<f64>,
    pub(super) transformed: Vec<f64>,
}

impl InputFeature {
    pub(super) fn new(name: &str, transform: Transform, unit: Option<&'static str>, values: Vec<f64>) -> Self {
        let transformed = values.iter().map(|&value| transform.apply(value)).collect();
        InputFeature { name: name.into(), level: None, transform, unit, values, transformed }
    }

    fn of_level(name: &str, level: &str, values: Vec<f64>) -> Self {
        InputFeature { level: Some(level.into()), ..InputFeature::new(name, Transform::None, None, values) }
    }
}

/// Skewness above which a few large values would decide the clusters alone.
const SKEWED: f64 = 1.0;
/// Texts of one column that have a feature of their own at most; the rarer ones share one.
const MOST_LEVELS: usize = 20;

/// What `options` choose from `crm`, without the rows that lack a feature or its logarithm.
pub(super) fn input(crm: &Crm, options: &SegmentsOptions) -> Result<Input> {
    let mut input = match &options.features {
        None | Some(FeatureChoice::Named(FeatureSet::Rfm)) => from_orders(crm, options)?,
        Some(FeatureChoice::Columns(columns)) => from_columns(crm, columns, options.of)?,
    };
    input.leave_out("missing_value", |feature, row| !feature.values[row].is_finite());
    input.leave_out("not_positive", |feature, row| !feature.transformed[row].is_finite());
    for feature in input.features.iter().filter(|feature| feature.level.is_none()) {
        let skew = skewness(&feature.values, &input.weights);
        let code = if feature.transform == Transform::None {
            NoteCode::SkewedWithoutLogarithm
        } else {
            NoteCode::LogarithmTaken
        };
        if skew > SKEWED {
            input.notes.push(Note { code, column: feature.name.clone(), value: skew });
        }
    }
    Ok(input)
}

/// The columns that `recipe` needs of its customers or deals in `crm`, in ascending id order, and their ids.
pub(super) fn table_for(crm: &Crm, recipe: &Recipe) -> Result<(Vec<String>, Table)> {
    if recipe.of == SegmentsOf::Orders {
        let options = SegmentsOptions { monetary: recipe.monetary, ..SegmentsOptions::default() };
        let input = from_orders(crm, &options)?;
        let column = |feature: InputFeature| Column { name: feature.name, values: Values::Numbers(feature.values) };
        return Ok((input.ids, Table::new("orders", input.features.into_iter().map(column).collect())?));
    }
    let (id, attributes, _) = source(crm, recipe.of)?;
    let (ids, order) = ordered_ids(id);
    let mut columns: Vec<Column> = Vec::new();
    for feature in &recipe.features {
        if columns.iter().all(|column| column.name != feature.name) {
            let values = match &attribute(attributes, &feature.name, recipe.of)?.values {
                Values::Numbers(values) => {
                    Values::Numbers(order.iter().map(|&row| values.get(row).copied().unwrap_or(f64::NAN)).collect())
                }
                Values::Instants(values) => Values::Instants(values.clone()),
                Values::Texts(texts) => {
                    let codes = order.iter().map(|&row| texts.codes.get(row).copied().unwrap_or(Texts::MISSING));
                    Values::Texts(Texts { codes: codes.collect(), levels: texts.levels.clone() })
                }
            };
            columns.push(Column { name: feature.name.clone(), values });
        }
    }
    let name = if recipe.of == SegmentsOf::Deals { "deals" } else { "customers" };
    Ok((ids, Table::new(name, columns)?))
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
        value: Some(rfm.monetary.clone()),
        money: Some(rfm.monetary),
        notes: Vec::new(),
        rows_used: rfm.orders,
        left_out: rfm.left_out,
    })
}

fn from_columns(crm: &Crm, columns: &[ColumnChoice], of: Option<SegmentsOf>) -> Result<Input> {
    if columns.is_empty() {
        return Err(invalid("features", "[]", "at least one column is needed".into()));
    }
    let of = of.unwrap_or(if crm.customers.is_some() { SegmentsOf::Customers } else { SegmentsOf::Deals });
    let (id, attributes, weights) = source(crm, of)?;
    let (ids, order) = ordered_ids(id);
    let weights: Vec<f64> =
        order.iter().map(|&row| weights.and_then(|weights| weights.get(row)).copied().unwrap_or(1.0)).collect();
    let (mut features, mut notes) = (Vec::new(), Vec::new());
    for choice in columns {
        match &attribute(attributes, &choice.column, of)?.values {
            Values::Numbers(values) => {
                let ordered: Vec<f64> = order.iter().map(|&row| values.get(row).copied().unwrap_or(f64::NAN)).collect();
                let transform = choice.transform.unwrap_or_else(|| usual_transform(&ordered, &weights));
                features.push(InputFeature::new(&choice.column, transform, None, ordered));
            }
            Values::Texts(texts) if choice.transform.is_none_or(|transform| transform == Transform::None) => {
                let codes: Vec<u32> =
                    order.iter().map(|&row| texts.codes.get(row).copied().unwrap_or(Texts::MISSING)).collect();
                features.extend(levels(&choice.column, texts, &codes, &weights, &mut notes));
            }
            Values::Texts(_) => {
                return Err(invalid("features", &choice.column, "a column of texts has no logarithm".into()));
            }
            Values::Instants(_) => {
                return Err(invalid("features", &choice.column, "a column of numbers or texts is needed".into()));
            }
        }
    }
    let value = (of == SegmentsOf::Deals).then(|| {
        let amounts = crm.deals.as_ref().map_or([].as_slice(), |deals| &deals.amount);
        order.iter().map(|&row| amounts.get(row).copied().unwrap_or(f64::NAN)).collect()
    });
    let mut input =
        Input { of, ids, features, weights, money: None, value, notes, rows_used: 0.0, left_out: Vec::new() };
    input.keep(|input, row| input.weights[row] > 0.0);
    input.rows_used = input.weights.iter().sum();
    Ok(input)
}

type SourceColumns<'a> = (&'a Texts, &'a [Attribute], Option<&'a [f64]>);

/// Ids, columns and weights of a table.
fn source(crm: &Crm, of: SegmentsOf) -> Result<SourceColumns<'_>> {
    let missing = |table: &str| Error::MissingTable { analysis: "segments".into(), table: table.into() };
    match of {
        SegmentsOf::Orders => {
            let rule = "columns are of customers or deals; orders have features \"rfm\"";
            Err(invalid("of", "orders", rule.into()))
        }
        SegmentsOf::Customers => {
            let customers = crm.customers.as_ref().ok_or_else(|| missing("customers"))?;
            Ok((&customers.id, &customers.attributes, None))
        }
        SegmentsOf::Deals => {
            let deals = crm.deals.as_ref().ok_or_else(|| missing("deals"))?;
            Ok((&deals.id, &deals.attributes, Some(&deals.weight)))
        }
    }
}

/// Ids in ascending order, and their rows.
fn ordered_ids(id: &Texts) -> (Vec<String>, Vec<usize>) {
    let ids: Vec<&str> = (0..id.codes.len()).map(|row| id.get(row).unwrap_or("")).collect();
    let order = rfm::ascending_ids(&ids);
    (order.iter().map(|&row| ids[row].to_owned()).collect(), order)
}

/// The logarithm for long tails of numbers that are not negative: without it a few giants are the clusters.
fn usual_transform(values: &[f64], weights: &[f64]) -> Transform {
    let known = || values.iter().zip(weights).filter(|(value, weight)| value.is_finite() && **weight > 0.0);
    let (present, of_present): (Vec<f64>, Vec<f64>) = known().map(|(&value, &weight)| (value, weight)).unzip();
    let has_logarithm = present.iter().all(|&value| value >= 0.0);
    if has_logarithm && skewness(&present, &of_present) > SKEWED { Transform::Log1p } else { Transform::None }
}

/// One feature per text, in ascending order; the rarer ones of more than [`MOST_LEVELS`] share one, as do the rows without a text.
fn levels(column: &str, texts: &Texts, codes: &[u32], weights: &[f64], notes: &mut Vec<Note>) -> Vec<InputFeature> {
    let count = texts.levels.len();
    let place = |code: u32| (code as usize).min(count);
    let mut sizes = vec![0.0; count + 1];
    codes.iter().zip(weights).for_each(|(&code, weight)| sizes[place(code)] += weight);
    let by_text = |a: usize, b: usize| texts.levels[a].cmp(&texts.levels[b]);
    let by_size = sorted_rows(count, &mut |a, b| sizes[b].total_cmp(&sizes[a]).then_with(|| by_text(a, b)));
    let used: Vec<usize> = by_size.into_iter().filter(|&level| sizes[level] > 0.0).collect();
    let (mut own, rare) = used.split_at(if used.len() > MOST_LEVELS { MOST_LEVELS - 1 } else { used.len() });
    let mut features: Vec<InputFeature> = Vec::new();
    let sorted = {
        let order = sorted_rows(own.len(), &mut |a, b| by_text(own[a], own[b]));
        order.into_iter().map(|at| own[at]).collect::<Vec<usize>>()
    };
    own = &sorted;
    let mut add = |name: &str, has: &dyn Fn(usize) -> bool| {
        let values = codes.iter().map(|&code| f64::from(u8::from(has(place(code))))).collect();
        features.push(InputFeature::of_level(column, name, values));
    };
    own.iter().for_each(|&level| add(&texts.levels[level], &|at| at == level));
    if !rare.is_empty() {
        add(OTHER, &|at| rare.contains(&at));
        notes.push(Note { code: NoteCode::LevelsPooled, column: column.into(), value: rare.len() as f64 });
    }
    if sizes[count] > 0.0 {
        add(MISSING, &|at| at == count);
    }
    features
}

/// The column `name`.
fn attribute<'a>(attributes: &'a [Attribute], name: &str, of: SegmentsOf) -> Result<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name == name).ok_or_else(|| Error::UnknownColumn {
        table: if of == SegmentsOf::Deals { "deals".into() } else { "customers".into() },
        column: name.into(),
        available: attributes
            .iter()
            .filter(|attribute| !matches!(attribute.values, Values::Instants(_)))
            .map(|attribute| attribute.name.clone())
            .collect(),
    })
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
        for values in [&mut self.money, &mut self.value].into_iter().flatten() {
            only(values, &kept);
        }
    }
}
