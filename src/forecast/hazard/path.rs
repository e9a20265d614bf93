//! The hazards of one deal week by week, and what follows from them by any day.

/// Days beyond which a close is not dated.
const MOST_DAYS: f64 = 3652.5;

/// Hazards of a win and of a loss by week of one deal; those of the last week go on for ever.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    win: Vec<f64>,
    loss: Vec<f64>,
    /// What has become of the deal by the start of each week.
    before: Vec<Shares>,
}

/// Probabilities at one horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    pub won: f64,
    pub lost: f64,
    pub open: f64,
}

/// Probability of an end within `weeks` of a constant hazard by week.
fn ended(hazard: f64, weeks: f64) -> f64 {
    if weeks == 1.0 {
        return hazard;
    }
    if hazard > 0.0 { -libm::expm1(weeks * libm::log1p(-hazard.min(1.0 - 1e-15))) } else { 0.0 }
}

impl Shares {
    const NOW: Shares = Shares { won: 0.0, lost: 0.0, open: 1.0 };

    /// The shares `weeks` later.
    fn later(self, win: f64, loss: f64, weeks: f64) -> Shares {
        let end = win + loss;
        let ended = self.open * ended(end, weeks);
        if end > 0.0 {
            Shares {
                won: self.won + ended * (win / end),
                lost: self.lost + ended * (loss / end),
                open: self.open - ended,
            }
        } else {
            self
        }
    }
}

impl Path {
    /// Forgets all weeks.
    pub fn clear(&mut self) {
        self.win.clear();
        self.loss.clear();
        self.before.clear();
    }

    /// Adds a week with these hazards.
    pub fn push(&mut self, win: f64, loss: f64) {
        let before = match (self.before.last(), self.win.last(), self.loss.last()) {
            (Some(before), Some(win), Some(loss)) => before.later(*win, *loss, 1.0),
            _ => Shares::NOW,
        };
        self.win.push(win);
        self.loss.push(loss);
        self.before.push(before);
    }

    /// Sums of the hazards of a win and of a loss over the first `weeks`.
    pub fn expected(&self, weeks: u32) -> [f64; 2] {
        [&self.win, &self.loss].map(|hazards| hazards.iter().take(weeks as usize).sum())
    }

    /// Shares `days` after the snapshot; ends are spread over each week as by a constant hazard. Infinity gives what comes in the end.
    pub fn at(&self, days: f64) -> Shares {
        let weeks = days.max(0.0) / 7.0;
        let Some(last) = self.win.len().checked_sub(1) else { return Shares::NOW };
        let week = (weeks as usize).min(last);
        self.before[week].later(self.win[week], self.loss[week], weeks - week as f64)
    }

    /// Days by which `share` of the wins to come have come; `None` where that is not within ten years.
    pub fn days_until(&self, share: f64) -> Option<f64> {
        let wanted = share * self.at(f64::INFINITY).won;
        let week = self.before.partition_point(|shares| shares.won < wanted).checked_sub(1)?;
        let (Shares { won, open, .. }, win, end) =
            (self.before[week], self.win[week], self.win[week] + self.loss[week]);
        let left = (wanted - won) * end / (win * open);
        let days = 7.0 * (week as f64 + libm::log1p(-left) / libm::log1p(-end.min(1.0 - 1e-15)));
        (days <= MOST_DAYS).then_some(days.max(0.0))
    }

    /// Slopes of the probability of a win within `days` by the scores of a win and of a loss of every week; `visit` gets the week and both.
    pub fn win_slopes(&self, days: f64, visit: &mut dyn FnMut(usize, [f64; 2])) {
        let weeks = days.max(0.0) / 7.0;
        let Some(last) = self.win.len().checked_sub(1) else { return };
        let until = (weeks as usize).min(last);
        // Probability of a win after the week that is looked at, given that the deal is open then.
        let mut later = 0.0;
        for week in (0..=until).rev() {
            let (win, loss) = (self.win[week], self.loss[week]);
            let end = win + loss;
            let length = if week == until { weeks - week as f64 } else { 1.0 };
            if end <= 0.0 || length <= 0.0 {
                continue;
            }
            let gone = ended(end, length);
            let stays = 1.0 - gone;
            // Of an endless last week nothing stays, however long.
            let bend = if stays > 0.0 { length * stays } else { 0.0 };
            let (open, turn) = (self.before[week].open, win / end * (loss / end) * gone);
            let by_win = turn + bend * win * (win / end - later);
            let by_loss = bend * loss * (win / end - later) - turn;
            visit(week, [open * by_win, open * by_loss]);
            later = win / end * gone + stays * later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hazards of scores by week.
    fn path(scores: &[[f64; 2]]) -> Path {
        let mut path = Path::default();
        for [win, loss] in scores {
            let sum = 1.0 + win.exp() + loss.exp();
            path.push(win.exp() / sum, loss.exp() / sum);
        }
        path
    }

    fn scores() -> Vec<[f64; 2]> {
        (0..6).map(|t| [-2.0 + 0.2 * f64::from(t), -1.5 - 0.3 * f64::from(t)]).collect()
    }

    #[test]
    fn slopes_equal_finite_differences_within_the_weeks_beyond_them_and_for_ever() {
        for days in [3.0, 14.0, 30.0, 42.0, 45.5, 90.0, 400.0, f64::INFINITY] {
            let mut slopes = vec![[0.0; 2]; 6];
            path(&scores()).win_slopes(days, &mut |week, slope| slopes[week] = slope);
            for week in 0..6 {
                for k in 0..2 {
                    let moved = |by: f64| {
                        let mut scores = scores();
                        scores[week][k] += by;
                        path(&scores).at(days).won
                    };
                    let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    assert!((slopes[week][k] - expected).abs() < 1e-9, "{days} {week} {k}: {slopes:?} {expected}");
                }
            }
        }
    }

    #[test]
    fn shares_sum_to_one_and_weeks_multiply() {
        let path = path(&scores());
        let mut open = 1.0;
        for week in 0..6 {
            open *= 1.0 - path.win[week] - path.loss[week];
            let shares = path.at(7.0 * (week + 1) as f64);
            assert!((shares.open - open).abs() < 1e-14);
        }
        for days in [0.0, 1.0, 7.0, 33.3, 500.0, 1e9, f64::INFINITY] {
            let Shares { won, lost, open } = path.at(days);
            assert!((won + lost + open - 1.0).abs() < 1e-12 && won >= 0.0 && lost >= 0.0 && open >= 0.0, "{days}");
        }
        assert_eq!(path.at(f64::INFINITY).open, 0.0);
        assert_eq!(path.at(0.0), Shares::NOW);
    }

    #[test]
    fn the_days_of_a_share_are_those_when_it_is_reached() {
        let path = path(&scores());
        let ever = path.at(f64::INFINITY).won;
        for share in [0.1, 0.5, 0.9, 0.999] {
            let days = path.days_until(share).expect("reached");
            assert!((path.at(days).won - share * ever).abs() < 1e-12, "{share} {days}");
        }
    }

    #[test]
    fn a_win_that_hardly_ever_comes_has_no_date_and_no_number_is_made_up() {
        for hazards in [[0.0, 0.0], [0.0, 0.1], [1e-9, 1e-9], [1e-300, 0.0]] {
            let mut path = Path::default();
            (0..3).for_each(|_| path.push(hazards[0], hazards[1]));
            assert_eq!(path.days_until(0.5), None, "{hazards:?}");
            let Shares { won, lost, open } = path.at(60.0);
            assert!(won.is_finite() && lost.is_finite() && open.is_finite());
            path.win_slopes(f64::INFINITY, &mut |_, slopes| assert!(slopes.iter().all(|slope| slope.is_finite())));
        }
        assert_eq!(Path::default().days_until(0.5), None);
        let mut sure = Path::default();
        sure.push(1.0, 0.0);
        assert!(sure.days_until(0.5).is_some_and(|days| days < 7.0));
        assert_eq!(sure.at(7.0).open + sure.at(7.0).won, 1.0);
    }
}
