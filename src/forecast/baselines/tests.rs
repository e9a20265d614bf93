use super::*;
use crate::crm::{LoadOptions, TableKind, load};
use crate::forecast::{ForecastOptions, ForecastResult, forecast};
use crate::meta::{Progress, options};
use crate::read::csv;
use crate::read::dates::iso_text;
use crate::stats::rng::{normal, seeded, uniform};
use crate::time::DAY_MS;

/// Deals that pass `New`, then `Offer` if they are good; with the percentage that `said` gives of the outcome (`None`: open) and the stage.
fn book(n: usize, history: bool, said: impl Fn(Option<bool>, &str) -> String) -> ForecastResult {
    let mut rng = seeded(41, 0);
    let mut deals = String::from("deal_id,created_at,closed_at,status,stage,probability,size\n");
    let mut log = String::from("deal_id,stage,entered_at\n");
    for i in 0..n {
        let size = normal(&mut rng);
        let is_offered = uniform(&mut rng) < 0.6;
        let is_won = is_offered && uniform(&mut rng) < sigmoid(0.3 + size);
        let is_open = i % 10 == 9;
        let day = |days: usize| iso_text((17_000 + days) as f64 * DAY_MS, true);
        let (created, offered, closed) = (day(i), day(i + 5), day(i + 20));
        let stage = if is_offered { "Offer" } else { "New" };
        let status = if is_open {
            "Open"
        } else if is_won {
            "Won"
        } else {
            "Lost"
        };
        let percentage = said((!is_open).then_some(is_won), stage);
        let closed_at = if is_open { "" } else { &closed };
        deals.push_str(&format!("d{i},{created},{closed_at},{status},{stage},{percentage},{size}\n"));
        log.push_str(&format!("d{i},New,{created}\n"));
        if is_offered {
            log.push_str(&format!("d{i},Offer,{offered}\n"));
        }
        if !is_open {
            log.push_str(&format!("d{i},{status},{closed}\n"));
        }
    }
    let mut sources = vec![(Some(TableKind::Deals), csv("deals", deals.as_bytes()).unwrap())];
    if history {
        sources.push((Some(TableKind::History), csv("history", log.as_bytes()).unwrap()));
    }
    let loading: LoadOptions = options("{}").unwrap();
    let crm = load(sources, &loading).unwrap().crm;
    forecast(&crm, &ForecastOptions::default(), &mut Progress::none()).unwrap()
}

fn of(result: &ForecastResult, kind: BaselineKind) -> &Baseline {
    result.performance.as_ref().unwrap().baselines.iter().find(|baseline| baseline.kind == kind).unwrap()
}

/// A CRM that says 10 % in the first stage and 60 % in the second, and leaves that as it is.
fn by_stage(_: Option<bool>, stage: &str) -> String {
    if stage == "New" { "10".into() } else { "60".into() }
}

#[test]
fn the_base_rate_among_the_baselines_is_the_one_of_the_test() {
    let result = book(1000, true, by_stage);
    let (base, figures) = (of(&result, BaselineKind::BaseRate), result.holdout.as_ref().unwrap().figures);
    let skill = base.skill.unwrap();
    assert_eq!((skill.log_loss_skill, skill.brier), (figures.log_loss_skill, figures.base_brier));
    assert_eq!(skill.model_log_loss, figures.log_loss);
    assert!(base.auc.is_none(), "it ranks nobody");
}

#[test]
fn a_percentage_that_is_kept_at_the_close_is_judged_on_the_tested_deals() {
    let result = book(1000, true, by_stage);
    let crm = of(&result, BaselineKind::CrmPercentage);
    assert_eq!((crm.basis, result.stages.overwritten), (BaselineBasis::Column, false));
    assert_eq!(crm.skill.unwrap().log_loss_skill.n, result.holdout.as_ref().unwrap().figures.test_rows);
    assert!(crm.auc.unwrap().value > 0.7, "only offered deals are won");
    assert!(result.leakage.iter().any(|leak| leak.column == "probability" && !leak.used));
}

#[test]
fn a_percentage_that_is_overwritten_at_the_close_gives_way_to_that_of_the_stage() {
    let said = |end: Option<bool>, stage: &str| match end {
        Some(won) => {
            if won {
                "100".into()
            } else {
                "0".to_owned()
            }
        }
        None => by_stage(None, stage),
    };
    let result = book(1000, true, said);
    let crm = of(&result, BaselineKind::CrmPercentage);
    assert_eq!((crm.basis, result.stages.overwritten), (BaselineBasis::StagePercentage, true));
    assert!(crm.auc.is_none_or(|auc| auc.value < 0.9), "the end is not known beforehand: {crm:?}");
    let without = book(1000, false, said);
    let crm = of(&without, BaselineKind::CrmPercentage);
    assert_eq!((crm.basis, crm.skill), (BaselineBasis::OverwrittenAtClose, None));
    assert_eq!(of(&without, BaselineKind::StageRate).basis, BaselineBasis::NoStageHistory);
}

#[test]
fn the_stage_table_sets_what_happened_beside_what_the_crm_says() {
    let result = book(1000, true, by_stage);
    let stages = &result.stages;
    assert_eq!(stages.column.as_deref(), Some("probability"));
    let names: Vec<&str> = stages.stages.iter().map(|stage| stage.stage.as_str()).collect();
    assert_eq!(names, ["New", "Offer"]);
    for (stage, said) in stages.stages.iter().zip([0.1, 0.6]) {
        assert!((stage.configured.unwrap() - said).abs() < 1e-12);
    }
    let (new, offer) = (stages.stages[0].observed.unwrap(), stages.stages[1].observed.unwrap());
    assert_eq!((new.n, new.value), (900.0, result.closed.won / 900.0), "every deal was new");
    assert!((offer.value * offer.n - result.closed.won).abs() < 1e-9 && offer.n < new.n, "only offered deals are won");
    assert_eq!(stages.stages.iter().map(|stage| stage.open).sum::<f64>(), 100.0);
}

#[test]
fn shares_are_percentages_too_and_text_or_nothing_is_none() {
    let result = book(300, true, |_, stage| if stage == "New" { "0.1".into() } else { "0.6".into() });
    assert!((result.stages.stages[1].configured.unwrap() - 0.6).abs() < 1e-12);
    for said in ["likely", "", "-3", "400"] {
        let result = book(300, true, |_, _| said.into());
        assert_eq!(of(&result, BaselineKind::CrmPercentage).basis, BaselineBasis::NoColumn, "{said}");
        assert!(result.stages.stages.iter().all(|stage| stage.configured.is_none()));
    }
}

#[test]
fn deals_without_anything_have_empty_stages_and_no_performance() {
    let source = csv("deals", b"deal_id,created_at,status\n1,2024-01-01,Open\n").unwrap();
    let crm = load(vec![(Some(TableKind::Deals), source)], &options("{}").unwrap()).unwrap().crm;
    let result = forecast(&crm, &ForecastOptions::default(), &mut Progress::none()).unwrap();
    assert!(result.performance.is_none() && result.stages.stages.is_empty() && result.stages.column.is_none());
}
