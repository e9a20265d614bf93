//! The current stage only, and when it was entered: one stay, of which nothing is known but that it lasts.

use super::forms::{DealsView, Told};

/// The stay in the current stage. It is watched since never: it was found because it lasted, so that its length so far is no evidence.
pub(super) fn told(view: &DealsView<'_>, row: usize, entered: f64) -> Option<Told> {
    let stage = view.stage(row).filter(|_| entered.is_finite())?.to_owned();
    Some(Told { stage, entered, exited: f64::NAN, watched: f64::INFINITY })
}
