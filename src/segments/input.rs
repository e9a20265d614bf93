//! The features of each customer or deal, before any transform.

use super::notes::{Note, NoteCode};
use super::options::{ColumnChoice, FeatureChoice, FeatureSet, Monetary, SegmentsOf, SegmentsOptions, invalid};
use super::recipe::{MISSING, OTHER, Recipe, Transform, skewness, weighted_median};
use super::{accounts, rfm};
use crate::crm::{Attribute, Crm, Customers, LeftOut};
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
    /// Rows in which a missing number stands at the median.
    pub(super) filled: Vec<u32>,
}

pub(super) struct InputFeature {
    pub(super) name: String,
    pub(super) level: Option<String>,
    pub(super) transform: Transform,
    pub(super) unit: Option<&'static str>,
    /// In original units.
    pub(super) values: Vec<f64>,
    pub(super) transformed: Vec<f64>,
    /// What the transformed values are divided by, where that is not their own standard deviation.
    pub(super) scale: Option<f64>,
}

impl InputFeature {
    pub(super) fn new(name: &str, transform: Transform, unit: Option<&'static str>, values: Vec<f64>) -> Self {
        let transformed = values.iter().map(|&value| transform.apply(value)).collect();
        InputFeature { name: name.into(), level: None, transform, unit, values, transformed, scale: None }
    }

    /// 1 for those who have `level`, else 0, so that `scale` of two customers of different levels is one standard deviation.
    fn of_level(name: &str, level: &str, values: Vec<f64>, scale: f64) -> Self {
        let new = InputFeature::new(name, Transform::None, None, values);
        InputFeature { level: Some(level.into()), scale: Some(scale), ..new }
    }
}

/// Skewness above which a few large values would decide the clusters alone.
const SKEWED: f64 = 1.0;
/// Texts of one column that have a feature of their own at most; the rarer ones share one.
const MOST_LEVELS: usize = 20;

/// What `options` choose from `crm`, without the rows that lack every feature or a logarithm; missing numbers stand at the median.
pub(super) fn input(crm: &Crm, options: &SegmentsOptions) -> Result<Input> {
    let mut input = match &options.features {
        None if options.of.is_none_or(|of| of == SegmentsOf::Orders) => from_orders(crm, options)?,
        Some(FeatureChoice::Named(FeatureSet::Rfm)) => from_orders(crm, options)?,
        Some(FeatureChoice::Columns(columns)) => from_columns(crm, columns, options.of)?,
        None | Some(FeatureChoice::Named(FeatureSet::Columns)) => {
            from_columns(crm, &useful(crm, options.of)?, options.of)?
        }
    };
    let unknown = |feature: &InputFeature, row: usize| match &feature.level {
        Some(level) => level == MISSING && feature.values[row] == 1.0,
        None => !feature.values[row].is_finite(),
    };
    let has_level = |feature: &InputFeature, row: usize| {
        feature.level.as_ref().is_some_and(|level| level != MISSING) && feature.values[row] == 1.0
    };
    let any = |input: &Input, row: usize, is: &dyn Fn(&InputFeature, usize) -> bool| {
        input.features.iter().any(|feature| is(feature, row))
    };
    input.leave_out("missing_value", |input, row| {
        let number = |feature: &InputFeature, row: usize| feature.level.is_none() && !unknown(feature, row);
        !any(input, row, &number) && !any(input, row, &has_level)
    });
    input.leave_out("not_positive", |input, row| {
        let bad = |feature: &InputFeature, row: usize| !unknown(feature, row) && !feature.transformed[row].is_finite();
        any(input, row, &bad)
    });
    for feature in input.features.iter().filter(|feature| feature.level.is_none()) {
        let skew = known_skewness(&feature.values, &input.weights);
        let code = if feature.transform == Transform::None {
            NoteCode::SkewedWithoutLogarithm
        } else {
            NoteCode::LogarithmTaken
        };
        if skew > SKEWED {
            input.notes.push(Note { code, column: feature.name.clone(), value: skew });
        }
    }
    input.fill_missing();
    Ok(input)
}

/// Skewness of the numbers that there are.
fn known_skewness(values: &[f64], weights: &[f64]) -> f64 {
    let known = values.iter().zip(weights).filter(|(value, weight)| value.is_finite() && **weight > 0.0);
    let (present, of_present): (Vec<f64>, Vec<f64>) = known.map(|(&value, &weight)| (value, weight)).unzip();
    skewness(&present, &of_present)
}

/// The columns that `recipe` needs of its customers or deals in `crm`, in ascending id order, and their ids.
pub(super) fn table_for(crm: &Crm, recipe: &Recipe) -> Result<(Vec<String>, Table)> {
    if recipe.of == SegmentsOf::Orders {
        let options = SegmentsOptions { monetary: recipe.monetary, ..SegmentsOptions::default() };
        let input = from_orders(crm, &options)?;
        let column = |feature: InputFeature| Column { name: feature.name, values: Values::Numbers(feature.values) };
        return Ok((input.ids, Table::new("orders", input.features.into_iter().map(column).collect())?));
    }
    let mut made = None;
    let (id, attributes, _) = source(crm, recipe.of, &mut made)?;
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
    Ok((ids, Table::new(table_of(recipe.of), columns)?))
}

fn from_orders(crm: &Crm, options: &SegmentsOptions) -> Result<Input> {
    if let Some(of) = options.of.filter(|of| *of != SegmentsOf::Orders) {
        return Err(invalid(
            "of",
            table_of(of),
            "features \"rfm\" are of orders; name columns for another table".into(),
        ));
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
        filled: Vec::new(),
    })
}

fn from_columns(crm: &Crm, columns: &[ColumnChoice], of: Option<SegmentsOf>) -> Result<Input> {
    if columns.is_empty() {
        return Err(invalid("features", "[]", "at least one column is needed".into()));
    }
    let (of, mut made) = (usual_table(crm, of), None);
    let (id, attributes, weights) = source(crm, of, &mut made)?;
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
    let amounts = match of {
        SegmentsOf::Deals => crm.deals.as_ref().map(|deals| deals.amount.as_slice()),
        SegmentsOf::Accounts => attributes.iter().find_map(|attribute| match &attribute.values {
            Values::Numbers(values) if attribute.name == "won_amount" => Some(values.as_slice()),
            _ => None,
        }),
        SegmentsOf::Orders | SegmentsOf::Customers => None,
    };
    let value = amounts.map(|amounts| order.iter().map(|&row| amounts.get(row).copied().unwrap_or(f64::NAN)).collect());
    let mut input = Input {
        of,
        ids,
        features,
        weights,
        money: None,
        value,
        notes,
        rows_used: 0.0,
        left_out: Vec::new(),
        filled: Vec::new(),
    };
    input.keep(|input, row| input.weights[row] > 0.0);
    input.rows_used = input.weights.iter().sum();
    Ok(input)
}

type SourceColumns<'a> = (&'a Texts, &'a [Attribute], Option<&'a [f64]>);

/// Ids, columns and weights of a table.
fn source<'a>(crm: &'a Crm, of: SegmentsOf, made: &'a mut Option<Customers>) -> Result<SourceColumns<'a>> {
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
        SegmentsOf::Accounts => {
            crm.deals.as_ref().ok_or_else(|| missing("deals"))?;
            let accounts = accounts::accounts(crm);
            let accounts =
                accounts.ok_or_else(|| invalid("of", "accounts", "no column of the deals is an account".into()))?;
            let Customers { id, attributes, .. } = made.insert(accounts);
            Ok((id, attributes, None))
        }
    }
}

/// The table of columns where the options do not say which.
fn usual_table(crm: &Crm, of: Option<SegmentsOf>) -> SegmentsOf {
    of.unwrap_or(if crm.customers.is_some() { SegmentsOf::Customers } else { SegmentsOf::Deals })
}

/// Name of the table for messages.
pub(super) fn table_of(of: SegmentsOf) -> &'static str {
    match of {
        SegmentsOf::Orders => "orders",
        SegmentsOf::Customers => "customers",
        SegmentsOf::Deals => "deals",
        SegmentsOf::Accounts => "accounts",
    }
}

/// A column of texts tells groups apart with so many values at most.
const USEFUL_LEVELS: usize = 12;
/// Columns of numbers that say where a deal is or what became of it, or that only name something.
const USEFUL_ROLES: [&str; 8] = ["amount", "owner", "source", "product", "industry", "region", "country", "type"];

/// The columns that can tell rows apart, in the order of the table.
fn useful(crm: &Crm, of: Option<SegmentsOf>) -> Result<Vec<ColumnChoice>> {
    let mut made = None;
    let (_, attributes, weights) = source(crm, usual_table(crm, of), &mut made)?;
    let counts = |row: usize| weights.and_then(|weights| weights.get(row)).is_none_or(|&weight| weight > 0.0);
    let tells_apart = |attribute: &&Attribute| match &attribute.values {
        Values::Numbers(values) => {
            let known = values.iter().enumerate().filter(|(row, value)| counts(*row) && value.is_finite());
            let mut known = known.map(|(_, value)| value);
            known.next().is_some_and(|first| known.any(|value| value != first))
        }
        Values::Texts(texts) => {
            let mut has = vec![false; texts.levels.len()];
            for (row, &code) in texts.codes.iter().enumerate() {
                if let Some(has) = has.get_mut(code as usize).filter(|_| counts(row)) {
                    *has = true;
                }
            }
            (2..=USEFUL_LEVELS).contains(&has.iter().filter(|has| **has).count())
        }
        Values::Instants(_) => false,
    };
    let of_use = |attribute: &&Attribute| attribute.role.as_deref().is_none_or(|role| USEFUL_ROLES.contains(&role));
    let found = attributes.iter().filter(of_use).filter(tells_apart);
    let columns: Vec<ColumnChoice> =
        found.map(|attribute| ColumnChoice { column: attribute.name.clone(), transform: None }).collect();
    if columns.is_empty() {
        return Err(invalid(
            "features",
            "columns",
            "no column of numbers, or of texts of 2 to 12 values, tells rows apart".into(),
        ));
    }
    Ok(columns)
}

/// Ids in ascending order, and their rows.
fn ordered_ids(id: &Texts) -> (Vec<String>, Vec<usize>) {
    let ids: Vec<&str> = (0..id.codes.len()).map(|row| id.get(row).unwrap_or("")).collect();
    let order = rfm::ascending_ids(&ids);
    (order.iter().map(|&row| ids[row].to_owned()).collect(), order)
}

/// The logarithm for long tails of numbers that are not negative: without it a few giants are the clusters.
fn usual_transform(values: &[f64], weights: &[f64]) -> Transform {
    let used = values.iter().zip(weights).filter(|(value, weight)| value.is_finite() && **weight > 0.0);
    let has_logarithm = used.map(|(&value, _)| value).all(|value| value >= 0.0);
    if has_logarithm && known_skewness(values, weights) > SKEWED { Transform::Log1p } else { Transform::None }
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
        features.push(InputFeature::of_level(column, name, values, std::f64::consts::SQRT_2));
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
        table: table_of(of).into(),
        column: name.into(),
        available: attributes
            .iter()
            .filter(|attribute| !matches!(attribute.values, Values::Instants(_)))
            .map(|attribute| attribute.name.clone())
            .collect(),
    })
}

impl Input {
    /// Puts missing numbers at the median of the known ones, with a feature behind that tells them apart by one standard deviation. A column without any
    /// number becomes constant.
    fn fill_missing(&mut self) {
        let mut is_filled = vec![false; self.ids.len()];
        let mut features = Vec::with_capacity(self.features.len());
        for mut feature in std::mem::take(&mut self.features) {
            let missing: Vec<usize> = (0..self.ids.len()).filter(|&row| !feature.values[row].is_finite()).collect();
            if missing.is_empty() {
                features.push(feature);
                continue;
            }
            let known = (0..self.ids.len()).filter(|&row| feature.values[row].is_finite());
            let median = weighted_median(known.map(|row| (feature.values[row], self.weights[row])).collect());
            let median = if median.is_nan() { 0.0 } else { median };
            let mut flags = vec![0.0; self.ids.len()];
            for &row in &missing {
                feature.values[row] = median;
                feature.transformed[row] = feature.transform.apply(median);
                flags[row] = 1.0;
                is_filled[row] = true;
            }
            let count = missing.iter().map(|&row| self.weights[row]).sum();
            self.notes.push(Note { code: NoteCode::MissingFilled, column: feature.name.clone(), value: count });
            if !feature.transformed.iter().all(|value| value.is_finite()) {
                // No number has the logarithm that was asked for.
                feature.transform = Transform::None;
                feature.transformed = feature.values.clone();
            }
            let flag = InputFeature::of_level(&feature.name, MISSING, flags, 1.0);
            features.extend([feature, flag]);
        }
        self.features = features;
        self.filled = (0..self.ids.len() as u32).filter(|&row| is_filled[row as usize]).collect();
    }

    /// Leaves out and counts the rows that are `bad`.
    fn leave_out(&mut self, reason: &str, is_bad: impl Fn(&Input, usize) -> bool) {
        const EXAMPLES: usize = 10;
        let out: Vec<usize> = (0..self.ids.len()).filter(|&row| is_bad(self, row)).collect();
        if out.is_empty() {
            return;
        }
        self.left_out.push(LeftOut {
            table: if self.of == SegmentsOf::Orders { "customers" } else { table_of(self.of) }.into(),
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
