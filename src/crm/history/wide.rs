//! Columns per stage in the deals table: when it was entered and left, and the times in it.

use super::forms::{DealsView, Told};
use crate::crm::columns::{self, Tally};
use crate::crm::mapping::{Mapping, TableKind};
use crate::crm::recognise::Meanings;
use crate::error::{Error, Result};
use crate::read::case::lowered;
use crate::table::{Column, Values};

const PARTS: [&str; 4] = ["entered_at", "exited_at", "latest", "cumulative"];

/// What headers begin with, and the part of a stage that follows.
const HEADERS: &[(&str, usize)] = &[
    ("hs_v2_date_entered_", 0),
    ("hs_date_entered_", 0),
    ("date entered ", 0),
    ("تاریخ ورود به ", 0),
    ("hs_v2_date_exited_", 1),
    ("hs_date_exited_", 1),
    ("date exited ", 1),
    ("تاریخ خروج از ", 1),
    ("hs_v2_latest_time_in_", 2),
    ("latest time in ", 2),
    ("hs_v2_cumulative_time_in_", 3),
    ("cumulative time in ", 3),
];

struct Stage {
    name: String,
    parts: [Option<Vec<f64>>; 4],
}

/// The stages that have columns, in the order of the columns.
pub(super) struct Wide(Vec<Stage>);

/// The columns per stage that the mapping and the headers tell; `None` where no stage has a date of entry.
pub(super) fn columns_of(view: &DealsView<'_>, mapping: &Mapping, meanings: &Meanings) -> Result<Option<Wide>> {
    let mut declared: Vec<(usize, String, usize)> = Vec::new();
    for (stage, parts) in mapping.stage_columns.iter() {
        for (part, name) in parts.iter() {
            let part = PARTS.iter().position(|known| known == part).ok_or_else(|| Error::InvalidOption {
                option: "stageColumns".into(),
                value: part.clone(),
                rule: "a column of a stage is entered_at, exited_at, latest or cumulative".into(),
            })?;
            let at =
                view.columns.iter().position(|column| column.name == *name).ok_or_else(|| Error::UnknownColumn {
                    table: TableKind::Deals.name().into(),
                    column: name.clone(),
                    available: view.columns.iter().map(|column| column.name.clone()).collect(),
                })?;
            declared.push((at, stage.clone(), part));
        }
    }
    let mut stages: Vec<Stage> = Vec::new();
    for (at, column) in view.columns.iter().enumerate() {
        let of_mapping =
            declared.iter().find(|(place, ..)| *place == at).map(|(_, stage, part)| (stage.clone(), *part));
        let Some((name, part)) = of_mapping.or_else(|| by_header(&column.name)) else { continue };
        let name = meanings.label(&name);
        let place = match stages.iter().position(|stage| stage.name == name) {
            Some(place) => place,
            None => {
                stages.push(Stage { name: name.to_owned(), parts: [None, None, None, None] });
                stages.len() - 1
            }
        };
        let values = if part < 2 { columns::instants(column) } else { times(column) };
        stages[place].parts[part].get_or_insert(values);
    }
    let dated = stages.iter().any(|stage| stage.parts[0].is_some() || stage.parts[1].is_some());
    Ok(dated.then_some(Wide(stages)))
}

fn by_header(header: &str) -> Option<(String, usize)> {
    let lower = lowered(header.trim());
    let (prefix, part) = HEADERS.iter().find(|(prefix, _)| lower.starts_with(prefix))?;
    // Lower case keeps the number of characters, not of bytes.
    let rest: String = header.trim().chars().skip(prefix.chars().count()).collect();
    let quoted = rest.split(['"', '“', '”']).nth(1);
    let name = quoted.map_or(rest.as_str(), |name| name.split(" (").next().unwrap_or(name)).trim();
    let current = ["current_stage", "current stage", "مرحله", "مرحله فعلی"].contains(&lowered(name).as_str());
    (!name.is_empty() && !current).then(|| (name.to_owned(), *part))
}

/// Times in ms: numbers as they are, texts as hours, minutes and seconds.
fn times(column: &Column) -> Vec<f64> {
    let Values::Texts(texts) = &column.values else { return columns::numbers(column) };
    let clock = |text: &str| {
        let parts = text.split(':').map(|part| part.trim().parse::<f64>());
        parts.fold((0.0, 0), |(sum, n), part| (sum * 60.0 + part.unwrap_or(f64::NAN), n + 1))
    };
    (0..texts.codes.len())
        .map(|row| match texts.get(row).map(clock) {
            Some((seconds, 3)) => seconds * 1000.0,
            _ => f64::NAN,
        })
        .collect()
}

impl Wide {
    /// The stays of the deal in `row`.
    pub fn told(&self, row: usize, tally: &mut Tally<'_>) -> Vec<Told> {
        let mut stays = Vec::new();
        for stage in &self.0 {
            let part = |at: usize| stage.parts[at].as_ref().map_or(f64::NAN, |values| values[row]);
            let (mut entered, mut exited, mut latest, total) = (part(0), part(1), part(2), part(3));
            if latest < 0.0 || total < 0.0 {
                tally.add("negative_duration", row, &stage.name);
                latest = f64::NAN;
            }
            if entered.is_nan() && !exited.is_nan() {
                entered = exited - if latest.is_nan() { total } else { latest };
                if entered.is_nan() || entered > exited {
                    tally.add("exit_without_entry", row, &stage.name);
                    continue;
                }
            }
            if entered.is_nan() {
                continue;
            }
            // An empty latest time means that the deal is still there, not that it stayed no time.
            if exited.is_nan() {
                exited = entered + latest;
            }
            // An exit before the entry is that of an earlier stay: the deal came back and has not left since.
            let came_back = exited < entered;
            if came_back {
                exited = f64::NAN;
            }
            // Times are told to the minute at worst.
            if came_back || total - (exited - entered) > 60_000.0 {
                tally.add("reentry_without_dates", row, &stage.name);
            }
            stays.push(Told { stage: stage.name.clone(), entered, exited, watched: f64::NAN });
        }
        stays
    }
}
