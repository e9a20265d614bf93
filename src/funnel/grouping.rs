//! Which group each deal belongs to, by any column.

use super::{FunnelOptions, Used, Weights, periods};
use crate::crm::{Attribute, Crm, Deals, Durations};
use crate::error::{Error, Result};
use crate::stats::order::{at_places, sorted_rows};
use crate::stats::survival::{Part, Parts};
use crate::table::{Texts, Values};

/// Group of a deal that is in none of those shown; there are at most 60.
const OTHER: u8 = u8::MAX;

/// The largest groups of the selected deals.
pub(super) struct Grouping {
    /// Per deal the place of its group, or [`OTHER`].
    pub of_deal: Vec<u8>,
    /// Per group its name; `None` for the deals without a value.
    pub names: Vec<Option<String>>,
    /// Names and number (weighted) of the deals of the groups that are not shown.
    pub other: Vec<(Option<String>, f64)>,
}

impl Grouping {
    /// Place of the group of `deal`.
    pub fn of(&self, deal: usize) -> Option<usize> {
        self.of_deal.get(deal).copied().filter(|group| *group != OTHER).map(usize::from)
    }

    /// What `durations` count as in the groups, the causes as `counts_as` says.
    pub fn parts(&self, durations: &Durations, weights: &Weights<'_>, counts_as: impl Fn(u8) -> u8) -> Parts {
        let causes: Vec<u8> = (0..=u8::MAX).map(counts_as).collect();
        if weights.all_once {
            let cause = durations.cause.iter().map(|cause| causes[usize::from(*cause)]).collect();
            return Parts::once(at_places(&self.of_deal, &durations.deal), cause);
        }
        Parts::new(durations.deal.len(), |place| {
            let part = weights.part(durations, place)?;
            let group = self.of(durations.deal[place] as usize)? as u32;
            Some(Part { group, cause: causes.get(part.cause as usize).copied()?.into(), ..part })
        })
    }
}

/// The column called `column`: by its name, else by its role.
pub(super) fn attribute<'a>(deals: &'a Deals, column: &str) -> Option<&'a Attribute> {
    let attributes = &deals.attributes;
    attributes
        .iter()
        .find(|attribute| attribute.name == column)
        .or_else(|| attributes.iter().find(|attribute| attribute.role.as_deref() == Some(column)))
}

/// That there is no such column.
pub(super) fn unknown(deals: &Deals, column: &str, further: &[&str]) -> Error {
    Error::UnknownColumn {
        table: "deals".into(),
        column: column.into(),
        available: deals
            .attributes
            .iter()
            .map(|attribute| attribute.name.clone())
            .chain(further.iter().map(|name| (*name).to_owned()))
            .collect(),
    }
}

/// Groups by `column`: a column of the deals, `owner`, `stage`, or `period`, the period of creation. The `options.most_groups` largest are shown; equally
/// large ones by name. Numbers that have more than 30 values make four groups of about equal size.
///
/// # Errors
/// [`Error::UnknownColumn`] for any other name.
pub(super) fn grouping(
    crm: &Crm,
    deals: &Deals,
    used: &Used,
    column: &str,
    options: &FunnelOptions,
) -> Result<Grouping> {
    let rows = deals.len();
    let (codes, names) = match (attribute(deals, column).map(|attribute| &attribute.values), column) {
        (Some(Values::Texts(texts)), _) => of_texts(texts, rows),
        (Some(Values::Numbers(numbers)), _) => of_numbers(numbers, rows),
        (Some(Values::Instants(instants)), _) => of_instants(crm, instants, rows, options),
        (None, "owner") => of_texts(&deals.owner, rows),
        (None, "stage") => of_texts(&deals.stage, rows),
        (None, "period") => of_instants(crm, &deals.created, rows, options),
        (None, _) => return Err(unknown(deals, column, &["owner", "stage", "period"])),
    };
    Ok(largest(deals, used, codes, names, options.most_groups as usize))
}

type Coded = (Vec<u32>, Vec<Option<String>>);

fn of_texts(texts: &Texts, rows: usize) -> Coded {
    let levels = texts.levels.len();
    let names = texts.levels.iter().map(|name| Some(name.to_owned())).chain([None]).collect();
    let code = |row: usize| (texts.codes.get(row).copied().unwrap_or(Texts::MISSING) as usize).min(levels) as u32;
    ((0..rows).map(code).collect(), names)
}

fn of_instants(crm: &Crm, instants: &[f64], rows: usize, options: &FunnelOptions) -> Coded {
    let rule = periods::rule(crm, options.calendar);
    let instants: Vec<f64> = (0..rows)
        .map(|row| instants.get(row).copied().filter(|instant| instant.is_finite()).unwrap_or(f64::NAN))
        .collect();
    let (keys, mut codes) = periods::ranks(crm, &rule, options.period, &instants);
    let name = |key: &i32| {
        let (year, month, date) = rule.calendar.date(rule.start(options.period, *key));
        Some(format!("{year:04}-{month:02}-{date:02}"))
    };
    let missing = keys.len() as u32;
    codes.iter_mut().for_each(|code| *code = (*code).min(missing));
    (codes, keys.iter().map(name).chain([None]).collect())
}

const MOST_VALUES: usize = 30;

fn of_numbers(numbers: &[f64], rows: usize) -> Coded {
    let numbers: Vec<f64> = (0..rows).map(|row| numbers.get(row).copied().unwrap_or(f64::NAN)).collect();
    let values = distinct(&numbers);
    if values.len() <= MOST_VALUES {
        return by_value(&numbers, &values, &|value| value.to_string());
    }
    let known: Vec<f64> = numbers.iter().copied().filter(|value| !value.is_nan()).collect();
    let order = sorted_rows(known.len(), &mut |a, b| known[a].total_cmp(&known[b]));
    let mut upper: Vec<f64> = (1..=4)
        .filter_map(|quarter| order.get((quarter * order.len()).div_ceil(4) - 1).map(|row| known[*row]))
        .collect();
    upper.dedup();
    let mut names: Vec<Option<String>> = upper.iter().map(|end| Some(format!("≤ {end}"))).collect();
    if let (Some(last), Some(before)) = (names.last_mut(), upper.len().checked_sub(2)) {
        *last = Some(format!("> {}", upper[before]));
    }
    names.push(None);
    let missing = upper.len() as u32;
    let code = |value: &f64| if value.is_nan() { missing } else { upper.partition_point(|end| end < value) as u32 };
    (numbers.iter().map(code).collect(), names)
}

/// The values without NaN, ascending, each once.
fn distinct(values: &[f64]) -> Vec<f64> {
    let order = sorted_rows(values.len(), &mut |a, b| values[a].total_cmp(&values[b]));
    let mut distinct: Vec<f64> = Vec::new();
    for value in order.into_iter().map(|row| values[row]).filter(|value| !value.is_nan()) {
        if distinct.last() != Some(&value) {
            distinct.push(value);
        }
    }
    distinct
}

fn by_value(values: &[f64], distinct: &[f64], name: &dyn Fn(f64) -> String) -> Coded {
    let names = distinct.iter().map(|value| Some(name(*value))).chain([None]).collect();
    let missing = distinct.len() as u32;
    let code = |value: &f64| {
        if value.is_nan() { missing } else { distinct.partition_point(|other| other < value) as u32 }
    };
    (values.iter().map(code).collect(), names)
}

fn largest(deals: &Deals, used: &Used, codes: Vec<u32>, mut names: Vec<Option<String>>, most: usize) -> Grouping {
    let mut sizes = vec![0.0; names.len()];
    for (deal, code) in codes.iter().enumerate().filter(|(deal, _)| used.is_selected(*deal)) {
        sizes[*code as usize] += deals.weight[deal];
    }
    let mut order =
        sorted_rows(names.len(), &mut |a, b| sizes[b].total_cmp(&sizes[a]).then_with(|| names[a].cmp(&names[b])));
    order.retain(|code| sizes[*code] > 0.0);
    let other = order.split_off(most.min(order.len()));
    let mut place = vec![OTHER; names.len()];
    for (at, code) in (0..OTHER).zip(&order) {
        place[*code] = at;
    }
    Grouping {
        of_deal: at_places(&place, &codes),
        other: other.iter().map(|code| (names[*code].take(), sizes[*code])).collect(),
        names: order.iter().map(|code| names[*code].take()).collect(),
    }
}
