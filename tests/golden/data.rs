//! Where the golden tests find their data. Data sets that may not be shipped are read beside the repository, where they are present.

/// Name in the tests, path from the root of the repository. `scripts/test-data.mjs` reads this list for the browser.
#[cfg(not(target_arch = "wasm32"))]
const FILES: &[(&str, &str)] = &[
    ("sales_pipeline.csv", "www/data/maven/sales_pipeline.csv"),
    ("accounts.csv", "www/data/maven/accounts.csv"),
    ("products.csv", "www/data/maven/products.csv"),
    ("sales_teams.csv", "www/data/maven/sales_teams.csv"),
    ("online_retail_orders.csv", "www/data/online-retail-orders.csv"),
    ("sales_pipeline_as_found.csv", "tests/data/maven-crm/sales_pipeline_as_found_ddmmyy_crlf.csv.gz"),
    ("oracle_durations.csv", "tests/data/maven-crm/oracle_durations.csv"),
    ("oracle_accounts.csv", "tests/data/maven-crm/oracle_accounts.csv"),
    ("bank-full.csv", "tests/data/bank-marketing/bank-full.csv.gz"),
    ("retail_oracle_customers.csv", "tests/data/online-retail-h1/oracle_customers.csv.gz"),
    ("online_retail_h1.csv", "../shared/data/online-retail-h1/online_retail_h1.csv.gz"),
    ("CDNOW_sample.txt", "../shared/data/cdnow/CDNOW_sample.txt"),
    ("cdnow_oracle_customers.csv", "../shared/data/cdnow/oracle_customers.csv.gz"),
    ("receipt.csv", "../shared/data/receipt-log/receipt.csv.gz"),
    ("oracle_visits.csv", "../shared/data/receipt-log/oracle_visits.csv.gz"),
    ("oracle_case_cycle.csv", "../shared/data/receipt-log/oracle_case_cycle.csv"),
    ("survival_ties.csv", "tests/data/survival/ties.csv"),
    ("survival_ties.json", "tests/data/survival/ties.json"),
    ("survival_late.csv", "tests/data/survival/late.csv"),
    ("survival_late.json", "tests/data/survival/late.json"),
    ("survival_veteran.csv", "tests/data/survival/veteran.csv"),
    ("survival_veteran.json", "tests/data/survival/veteran.json"),
    ("survival_maven.json", "tests/data/survival/maven.json"),
    ("survival_receipt.json", "tests/data/survival/receipt.json"),
    ("calendar-month-starts.csv", "tests/data/calendar-month-starts.csv"),
    ("usd-irr.csv", "../shared/data/usd-irr/Dollar_Rial_Price_Dataset.csv"),
    ("factors.json", "tests/data/maven-crm/factors.json"),
    ("maven-crm.json", "tests/data/maven-crm/oracle.json"),
    ("bank-marketing.json", "tests/data/bank-marketing/oracle.json"),
    ("bank-marketing-lift.json", "tests/data/bank-marketing/lift.json"),
    ("online-retail-h1.json", "tests/data/online-retail-h1/oracle.json"),
    ("cdnow.json", "../shared/data/cdnow/oracle.json"),
    ("hazard.json", "tests/data/hazard/reference.json"),
    ("pipeline.json", "tests/data/pipeline/reference.json"),
    ("receipt-log.json", "../shared/data/receipt-log/oracle.json"),
    ("clusters.json", "tests/data/mixture/reference.json"),
];

/// The bytes of a data file, unzipped; `None` where it is not here.
#[cfg(not(target_arch = "wasm32"))]
pub fn bytes(name: &str) -> Option<Vec<u8>> {
    use std::io::Read;
    let (_, path) = FILES.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name} is not in FILES"));
    let stored = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()?;
    if !path.ends_with(".gz") {
        return Some(stored);
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(stored.as_slice()).read_to_end(&mut plain).expect("a gzip file");
    Some(plain)
}

/// The bytes of a data file; `None` where it was not there when the test was built: it then stands as an empty file.
#[cfg(target_arch = "wasm32")]
pub fn bytes(name: &str) -> Option<Vec<u8>> {
    macro_rules! staged {
        ($($file:literal),* $(,)?) => {
            match name {
                $($file => include_bytes!(concat!("../data/local/", $file)).as_slice(),)*
                _ => panic!("{name} is not staged"),
            }
        };
    }
    let staged = staged!(
        "sales_pipeline.csv",
        "accounts.csv",
        "products.csv",
        "sales_teams.csv",
        "online_retail_orders.csv",
        "sales_pipeline_as_found.csv",
        "oracle_durations.csv",
        "oracle_accounts.csv",
        "bank-full.csv",
        "retail_oracle_customers.csv",
        "online_retail_h1.csv",
        "CDNOW_sample.txt",
        "cdnow_oracle_customers.csv",
        "receipt.csv",
        "oracle_visits.csv",
        "oracle_case_cycle.csv",
        "survival_ties.csv",
        "survival_ties.json",
        "survival_late.csv",
        "survival_late.json",
        "survival_veteran.csv",
        "survival_veteran.json",
        "survival_maven.json",
        "survival_receipt.json",
        "calendar-month-starts.csv",
        "usd-irr.csv",
        "factors.json",
        "maven-crm.json",
        "bank-marketing.json",
        "bank-marketing-lift.json",
        "online-retail-h1.json",
        "cdnow.json",
        "hazard.json",
        "pipeline.json",
        "receipt-log.json",
        "clusters.json",
    );
    (!staged.is_empty()).then(|| staged.to_vec())
}

/// The reference results of a data set; `None` where they are not here.
pub fn oracle(dataset: &str) -> Option<serde_json::Value> {
    Some(serde_json::from_slice(&bytes(&format!("{dataset}.json"))?).expect("reference results are JSON"))
}
