//! Any bytes either load or fail with a code; in pieces they give what the whole gives; what loads can be analysed and judged.
#![no_main]

use crm_analytics::crm::{LoadOptions, load};
use crm_analytics::meta::Progress;
use crm_analytics::read::{Reader, csv};
use crm_analytics::{funnel, quality};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = csv("file.csv", bytes);
    let size = 1 + bytes.first().map_or(0, |byte| usize::from(*byte));
    let mut reader = Reader::new("file.csv", &Default::default());
    let pieces = loop {
        match bytes.chunks(size).try_for_each(|piece| reader.push(piece)).and_then(|()| reader.close()) {
            Ok(None) => {}
            Ok(Some(source)) => break Ok(source),
            Err(error) => break Err(error),
        }
    };
    // Debug text, because NaN differs from itself.
    assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
    let Ok(source) = whole else { return };
    if let Ok(loaded) = load(vec![(None, source)], &LoadOptions::default()) {
        let _ = quality::quality(&loaded);
        let _ = funnel::funnel(&loaded.crm, &funnel::FunnelOptions::default(), &mut Progress::none());
    }
});
