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

#[test]
fn some_of_the_places_are_the_durations_there() {
    let mut rng = seeded(5, 2);
    for late in [false, true] {
        let durations: Vec<f64> = (0..400).map(|_| f64::from(rng.gen_range(1..60_u32))).collect();
        let entry = |duration: &f64| if late { (duration - f64::from(rng.gen_range(1..90_u32))).max(0.0) } else { 0.0 };
        let entries: Vec<f64> = durations.iter().map(entry).collect();
        let (sorted, rows) = Sorted::new(&durations, &entries).expect("valid");
        let places: Vec<u32> = (0..rows.len() as u32).filter(|place| place % 3 != 1).collect();
        let at = |values: &[f64]| -> Vec<f64> {
            places.iter().map(|place| values[rows[*place as usize] as usize]).collect()
        };
        let some = sorted.at(&places);
        assert_eq!((some.durations(), some.entries()), (at(&durations).as_slice(), at(&entries)));
        assert_eq!(some, Sorted::new(&at(&durations), &at(&entries)).expect("valid").0);
    }
}
