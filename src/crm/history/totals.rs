//! Seconds in each stage: stays laid end to end from the creation of the deal.

use super::forms::{DealsView, Told};
use crate::crm::columns::Tally;
use crate::crm::json::{Piece, pieces};
use crate::crm::recognise::Meanings;

/// Stages with seconds.
type Times = Vec<(String, f64)>;

/// Seconds by stage as written, and the order of stages if it stands there too; `None` where `text` is no JSON object.
fn read(text: &str) -> Option<(Times, Vec<String>)> {
    let pieces = pieces(text)?;
    let depth = |piece: &Piece| match piece {
        Piece::Mark('{' | '[') => 1,
        Piece::Mark('}' | ']') => -1,
        _ => 0,
    };
    if pieces.first() != Some(&Piece::Mark('{')) || pieces.iter().map(depth).sum::<i32>() != 0 {
        return None;
    }
    let mut times = Times::new();
    let mut order = Vec::new();
    for (at, window) in pieces.windows(3).enumerate() {
        match window {
            [Piece::Text(stage), Piece::Mark(':'), Piece::Number(seconds)] => times.push((stage.clone(), *seconds)),
            [Piece::Text(name), Piece::Mark(':'), Piece::Mark('[')] if name == "order_of_stages" => {
                order = listed(pieces.get(at + 3..).unwrap_or_default());
            }
            _ => {}
        }
    }
    Some((times, order))
}

fn listed(pieces: &[Piece]) -> Vec<String> {
    let inside = pieces.iter().take_while(|piece| **piece != Piece::Mark(']'));
    inside
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.clone()),
            Piece::Number(number) => Some(number.to_string()),
            Piece::Mark(_) => None,
        })
        .collect()
}

/// The stays of the deal in `row`, and whether their order is told; times beyond the deal's end are cut off there.
pub(super) fn told(
    view: &DealsView<'_>,
    row: usize,
    (times, order): (Option<&str>, Option<&str>),
    asked: &[String],
    meanings: &Meanings,
    tally: &mut Tally<'_>,
) -> (Vec<Told>, bool) {
    let Some(text) = times else { return (Vec::new(), true) };
    let Some((times, own_order)) = read(text) else {
        tally.add("not_stage_times", row, text);
        return (Vec::new(), true);
    };
    let order = match order {
        Some(text) if own_order.is_empty() => text
            .split([',', ';', '[', ']', '"'])
            .map(|stage| stage.trim().to_owned())
            .filter(|s| !s.is_empty())
            .collect(),
        _ => own_order,
    };
    let ordered = !order.is_empty();
    let order: &[String] = if ordered { &order } else { asked };
    // Ids of stages become their labels; the order may stand in either.
    let order: Vec<&str> = order.iter().map(|stage| meanings.label(stage)).collect();
    let times = times.into_iter().map(|(stage, seconds)| match meanings.label(&stage) {
        label if label == stage => (stage, seconds),
        label => (label.to_owned(), seconds),
    });
    let times: Times = times.collect();
    let current = view.stage(row).filter(|_| !ordered);
    let rank = |stage: &str| {
        let place = order.iter().position(|name| *name == stage).unwrap_or(order.len());
        (current == Some(stage), place)
    };
    let times = crate::stats::order::reordered(times, &mut |a, b| rank(&a.0).cmp(&rank(&b.0)));
    let closed = view.closed(row);
    let mut at = view.rows.created[row];
    let mut stays = Vec::new();
    for (stage, seconds) in times {
        if seconds < 0.0 {
            tally.add("negative_duration", row, &stage);
        } else if seconds > 0.0 && at.is_finite() && (closed.is_nan() || at < closed) {
            // A known end is surer than the times that add up to it.
            if meanings.outcome(&stage).is_none() || closed.is_nan() {
                let end = (at + seconds * 1000.0).min(closed);
                stays.push(Told { stage, entered: at, exited: end, watched: f64::NAN });
                at = end;
            }
        }
    }
    (stays, ordered)
}
