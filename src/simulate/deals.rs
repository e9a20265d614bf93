//! Simulated deals and their way through the stages.

use super::customers::{Accounts, ids};
use super::truth::{Clock, STAGES, Truth};
use super::{AS_OF_MS, DAY_MS, START_MS, column, texts, whole_second};
use crate::error::Result;
use crate::stats::rng::{self, Rng};
use crate::table::{Table, Texts, Values};

const DEAL_STREAM: u32 = 4;
/// Rate at which arrivals grow: they are e^3.1 times as frequent at the end as at the start.
const GROWTH: f64 = 3.1;
const MISSING_AMOUNT: f64 = 0.02;

/// What a history row can say: the four stages, then these.
const ENDS: [&str; 3] = ["Won", "Lost", "On hold"];
const WON: u32 = STAGES.len() as u32;
const LOST: u32 = WON + 1;
const HOLD: u32 = WON + 2;
const STATUSES: [&str; 4] = ["Open", "Won", "Lost", "On hold"];

/// A clock with its targets by number.
struct Race {
    clock: Clock,
    targets: Vec<u32>,
    shares: Vec<f64>,
}

impl Race {
    fn new(clock: &Clock) -> Self {
        let number = |&(to, _): &(&str, f64)| {
            // Every target is one of these names, so that the fall-back is never taken.
            STAGES.iter().chain(&ENDS).position(|&name| name == to).map_or(LOST, |at| at as u32)
        };
        Race {
            clock: clock.clone(),
            targets: clock.to.iter().map(number).collect(),
            shares: clock.to.iter().map(|&(_, share)| share).collect(),
        }
    }

    fn days(&self, random: &mut Rng, speed: f64) -> f64 {
        self.clock.days(rng::exponential(random) / speed)
    }

    fn target(&self, random: &mut Rng) -> u32 {
        self.targets.get(rng::choose(random, &self.shares)).copied().unwrap_or(LOST)
    }
}

#[derive(Default)]
struct History {
    deal: Vec<u32>,
    stage: Vec<u32>,
    entered: Vec<f64>,
}

impl History {
    fn push(&mut self, deal: u32, stage: u32, entered: f64) {
        self.deal.push(deal);
        self.stage.push(stage);
        self.entered.push(entered);
    }
}

/// Follows a deal from `created` until it closes or time ends. Last open stage, status and instant of the close (NaN).
fn follow(
    deal: u32,
    created: f64,
    speed: f64,
    races: &[(Race, Race)],
    truth: &Truth,
    random: &mut Rng,
    history: &mut History,
) -> (u32, u32, f64) {
    let (mut stage, mut now) = (0u32, created);
    loop {
        history.push(deal, stage, now);
        // `stage` is always one of the four: the other targets return or go back to it.
        let (advance, setback) = &races[stage as usize];
        let (forward, back) = (advance.days(random, speed), setback.days(random, 1.0 / speed));
        let target = if forward <= back { advance.target(random) } else { setback.target(random) };
        let Some(next) = later(now, forward.min(back)) else {
            return (stage, 0, f64::NAN);
        };
        now = next;
        match target {
            WON | LOST => {
                history.push(deal, target, now);
                return (stage, target - WON + 1, now);
            }
            HOLD => {
                history.push(deal, HOLD, now);
                let days = truth.hold_mean_days * rng::exponential(random);
                let comes_back = rng::uniform(random) < truth.hold_return;
                let Some(next) = later(now, days) else {
                    return (stage, 3, f64::NAN);
                };
                now = next;
                if !comes_back {
                    history.push(deal, LOST, now);
                    return (stage, 2, now);
                }
            }
            _ => stage = target,
        }
    }
}

/// The whole second that lies `days` and at least one second after `now`, unless time ends before.
fn later(now: f64, days: f64) -> Option<f64> {
    let next = whole_second(now + days * DAY_MS).max(now + 1000.0);
    (next <= AS_OF_MS).then_some(next)
}

/// The tables of deals and of their history.
pub(super) fn deals(count: u32, accounts: &Accounts, truth: &Truth, seed: u32) -> Result<(Table, Table)> {
    let n = count as usize;
    let mut random = rng::seeded(seed, DEAL_STREAM);
    let races: Vec<(Race, Race)> =
        truth.stages.iter().map(|s| (Race::new(&s.advance), Race::new(&s.setback))).collect();
    let source_shares: Vec<f64> = truth.sources.iter().map(|s| s.share).collect();
    let product_shares: Vec<f64> = truth.products.iter().map(|p| p.share).collect();
    let codes = || Vec::<u32>::with_capacity(n);
    let (mut source, mut owner, mut product, mut customer) = (codes(), codes(), codes(), codes());
    let (mut stage, mut status) = (codes(), codes());
    let floats = || Vec::<f64>::with_capacity(n);
    let (mut created, mut closed, mut amount, mut expected) = (floats(), floats(), floats(), floats());
    let mut history = History::default();
    let grown = libm::expm1(GROWTH);
    for deal in 0..count {
        let arrival = libm::log1p(rng::uniform(&mut random) * grown) / GROWTH;
        let at = whole_second(START_MS + arrival * (AS_OF_MS - START_MS));
        let account = rng::below(&mut random, accounts.ids.len() as u32);
        let (s, o) = (rng::choose(&mut random, &source_shares), rng::below(&mut random, truth.owners.len() as u32));
        let p = rng::choose(&mut random, &product_shares);
        let log_amount = truth.products[p].effect + truth.amount_standard_deviation * rng::normal(&mut random);
        let missing = rng::uniform(&mut random) < MISSING_AMOUNT;
        let planned = (30.0 + 150.0 * rng::uniform(&mut random)).floor();
        let industry = accounts.industry[account as usize] as usize;
        let speed = libm::exp(0.5 * truth.score(s, o as usize, industry, log_amount));
        let (last, ended, ended_at) = follow(deal, at, speed, &races, truth, &mut random, &mut history);
        created.push(at);
        closed.push(ended_at);
        stage.push(last);
        status.push(ended);
        amount.push(if missing { f64::NAN } else { (libm::exp(log_amount) / 10.0).round() * 10.0 });
        owner.push(o);
        source.push(s as u32);
        product.push(p as u32);
        customer.push(account);
        expected.push((at / DAY_MS).floor() * DAY_MS + planned * DAY_MS);
    }
    let ids = ids('D', count);
    let names = |effects: &[super::Effect]| -> Vec<&'static str> { effects.iter().map(|e| e.name).collect() };
    let marks: Vec<&str> = STAGES.iter().chain(&ENDS).copied().collect();
    let log = Table::new(
        "history",
        vec![
            column("deal_id", Values::Texts(Texts { codes: history.deal, levels: ids.iter().collect() })),
            column("stage", Values::Texts(texts(&marks, history.stage))),
            column("entered_at", Values::Instants(history.entered)),
        ],
    )?;
    let deals = Table::new(
        "deals",
        vec![
            column("deal_id", Values::Texts(Texts { codes: (0..count).collect(), levels: ids.into() })),
            column("created_at", Values::Instants(created)),
            column("closed_at", Values::Instants(closed)),
            column("stage", Values::Texts(texts(&STAGES, stage))),
            column("status", Values::Texts(texts(&STATUSES, status))),
            column("amount", Values::Numbers(amount)),
            column("owner", Values::Texts(texts(&names(&truth.owners), owner))),
            column("source", Values::Texts(texts(&names(&truth.sources), source))),
            column("product", Values::Texts(texts(&names(&truth.products), product))),
            column("customer_id", Values::Texts(texts(&accounts.ids, customer))),
            column("expected_close", Values::Instants(expected)),
        ],
    )?;
    Ok((deals, log))
}
