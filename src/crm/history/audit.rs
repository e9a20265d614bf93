//! Audit rows: a field of a deal, its old and its new value. The first stage has no row of its own.

use super::HistoryRows;
use super::forms::{DealsView, Told};
use crate::crm::Outcome;
use crate::crm::deals::is_end;
use crate::crm::recognise::Meanings;
use crate::crm::words::folded;
use crate::table::{Levels, Texts};

/// What the rows say of the stages that have no row.
pub(super) struct Audit {
    old: Texts,
    /// First change of each deal by code; `usize::MAX` without one.
    first: Vec<usize>,
    earliest: f64,
}

const STAGE_FIELDS: [&str; 10] = [
    // What Odoo's own export calls it.
    "stagecrmlead",
    "stagename",
    "salesstage",
    "stage",
    "stageid",
    "dealstage",
    "dealstageid",
    "opportunitystage",
    "مرحله",
    "مرحلهفروش",
];

/// Takes the changes of the stage field into `rows`: each is an entry into the new value. `is_stage` knows the stages of the deals.
pub(super) fn read(
    rows: &mut HistoryRows<'_>,
    (old, new): (Texts, Texts),
    field: Option<Texts>,
    stage_field: Option<&str>,
    is_stage: &dyn Fn(&str) -> bool,
) -> Audit {
    if let Some(field) = &field {
        let named = |level: &str| match stage_field {
            Some(name) => level == name,
            None => STAGE_FIELDS.contains(&folded(level).as_str()),
        };
        let mut of_stage: Vec<bool> = field.levels.iter().map(named).collect();
        if stage_field.is_none() && !of_stage.contains(&true) {
            of_stage = holding_stages(field, &new, is_stage);
        }
        rows.other = field.codes.iter().map(|code| of_stage.get(*code as usize) != Some(&true)).collect();
    } else if old.codes.iter().zip(&new.codes).any(|(old, new)| *old == Texts::MISSING && *new == Texts::MISSING) {
        // A note of another change.
        let told = old.codes.iter().zip(&new.codes);
        rows.other = told.map(|(old, new)| *old == Texts::MISSING && *new == Texts::MISSING).collect();
    }
    let mut first = vec![usize::MAX; rows.deal.levels.len()];
    let mut earliest = f64::NAN;
    // Values of other fields are no stages.
    let mut stage = Texts { codes: Vec::with_capacity(new.codes.len()), levels: Levels::default() };
    let mut place = vec![Texts::MISSING; new.levels.len()];
    for (row, code) in new.codes.iter().enumerate() {
        let mut kept = Texts::MISSING;
        if rows.other.get(row) != Some(&true)
            && let Some(place) = place.get_mut(*code as usize)
        {
            if *place == Texts::MISSING {
                stage.levels.push(&new.levels[*code as usize]);
                *place = (stage.levels.len() - 1) as u32;
            }
            kept = *place;
            let entered = rows.entered[row];
            earliest = earliest.min(entered);
            if let Some(first) = first.get_mut(rows.deal.codes[row] as usize)
                && !entered.is_nan()
                && rows.entered.get(*first).is_none_or(|earlier| entered < *earlier)
            {
                *first = row;
            }
        }
        stage.codes.push(kept);
    }
    rows.stage = stage;
    Audit { old, first, earliest }
}

/// For each field whether its new values are stages, mostly: some systems write the number of a field, not its name.
fn holding_stages(field: &Texts, new: &Texts, is_stage: &dyn Fn(&str) -> bool) -> Vec<bool> {
    let stage: Vec<bool> = new.levels.iter().map(is_stage).collect();
    let mut counts = vec![(0_usize, 0_usize); field.levels.len()];
    for (field, new) in field.codes.iter().zip(&new.codes) {
        if let (Some((stages, all)), Some(is_stage)) = (counts.get_mut(*field as usize), stage.get(*new as usize)) {
            *stages += usize::from(*is_stage);
            *all += 1;
        }
    }
    counts.into_iter().map(|(stages, all)| 2 * stages > all).collect()
}

impl Audit {
    /// When the audit begins, where a deal that had closed before it shows that it does not reach back; else NaN.
    pub fn begins(&self, view: &DealsView<'_>) -> f64 {
        let before = (0..view.rows.outcome.len()).any(|row| view.closed(row) < self.earliest);
        if before { self.earliest } else { f64::NAN }
    }

    /// The stage that `deal` had before its first change.
    pub fn first(&self, deal: u32, created: f64, begins: f64) -> Option<Told> {
        let row = *self.first.get(deal as usize).filter(|_| !created.is_nan())?;
        let stage = self.old.get(row)?.to_owned();
        Some(Told { stage, entered: created, exited: f64::NAN, watched: since(created, begins) })
    }
}

fn since(created: f64, begins: f64) -> f64 {
    if begins > created { begins } else { f64::NAN }
}

/// The current stage of a deal that was never changed: of an open one, and of one that ended without entering another stage.
pub(super) fn unchanged(view: &DealsView<'_>, row: usize, begins: f64, meanings: &Meanings) -> Option<Told> {
    let created = view.rows.created[row];
    let stage = view.stage(row).filter(|_| !created.is_nan())?;
    let outcome = view.rows.outcome[row];
    if outcome != Outcome::Open {
        let closed = view.closed(row);
        // An audit that begins later says nothing of it.
        let seen = is_end(outcome) && !closed.is_nan() && (begins.is_nan() || closed >= begins);
        if !seen || meanings.outcome(stage).is_some_and(|outcome| outcome != Outcome::Open) {
            return None;
        }
    }
    Some(Told { stage: stage.to_owned(), entered: created, exited: f64::NAN, watched: since(created, begins) })
}
