//! The estimate of durations that count once each, against that of any.

use super::*;

#[test]
fn counting_once_is_the_general_estimate() {
    for seed in 0..1_000 {
        let mut rows = random_rows(seed);
        rows.weights.fill(1.0);
        let mut rng = seeded(seed, 8);
        let flags: Vec<bool> = rows.durations.iter().map(|_| rng.gen_bool(0.3)).collect();
        let (sorted, from) = Sorted::new(&rows.durations, &rows.entries).expect("valid rows");
        let cause: Vec<u8> = from.iter().map(|row| rows.causes[*row as usize] as u8).collect();
        let flags: Vec<bool> = from.iter().map(|row| flags[*row as usize]).collect();
        let causes = rng.gen_range(1..4);
        let general = |causes: u32, wanted: Option<bool>| {
            let part = |place: usize| {
                let is_of = wanted.is_none_or(|wanted| flags[place] == wanted);
                is_of.then(|| Part { group: 0, cause: u32::from(cause[place]).min(causes), weight: 1.0 })
            };
            format!("{:?}", sorted.estimate(causes as usize, level(), part))
        };
        let once = sorted.estimate_once(causes as usize, level(), &cause);
        assert_eq!(format!("{once:?}"), general(causes, None), "seed {seed}");
        for wanted in [false, true] {
            let once = sorted.estimate_flagged_once(level(), &cause, &flags, wanted);
            assert_eq!(format!("{once:?}"), general(1, Some(wanted)), "seed {seed}, {wanted}");
        }
    }
}
