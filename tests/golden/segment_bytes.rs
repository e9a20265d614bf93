//! The complete result of an analysis, byte for byte: one committed checksum for every machine and for the browser.
//!
//! Where a change of the method is meant, the new checksums are those that the failing test shows, natively and in Chromium alike.

use crate::data;
use crm_analytics::crm::{Crm, LoadOptions, TableKind, load};
use crm_analytics::meta::Progress;
use crm_analytics::read::{Reader, Source};
use crm_analytics::segments::{Method, SegmentsOf, SegmentsOptions, segments};
use crm_analytics::time::LocalTime;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A file that comes in pieces of `size` bytes.
fn source(name: &str, bytes: &[u8], size: usize) -> Source {
    let mut reader = Reader::new(name, &LocalTime::default());
    loop {
        bytes.chunks(size).for_each(|piece| reader.push(piece).unwrap());
        if let Some(source) = reader.close().unwrap() {
            return source;
        }
    }
}

type Files = Vec<(Option<TableKind>, &'static str, Vec<u8>)>;

fn cdnow() -> Option<Files> {
    let text = String::from_utf8(data::bytes("CDNOW_sample.txt")?).unwrap();
    let mut orders = String::from("customer_id,date,amount\n");
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (year, rest) = fields[2].split_at(4);
        let (month, day) = rest.split_at(2);
        orders.push_str(&format!("{},{year}-{month}-{day},{}\n", fields[1], fields[4]));
    }
    Some(vec![(Some(TableKind::Orders), "orders", orders.into_bytes())])
}

fn online_retail() -> Option<Files> {
    Some(vec![(Some(TableKind::Orders), "orders", data::bytes("online_retail_orders.csv")?)])
}

fn maven() -> Option<Files> {
    ["sales_pipeline.csv", "accounts.csv", "products.csv", "sales_teams.csv"]
        .into_iter()
        .map(|name| Some((None, name, data::bytes(name)?)))
        .collect()
}

fn crm(files: &Files, size: usize) -> Crm {
    let sources = files.iter().map(|(kind, name, bytes)| (*kind, source(name, bytes, size)));
    load(sources.collect(), &LoadOptions::default()).unwrap().crm
}

/// Every digit of the result, the version of the crate left out. Not JSON: in the browser columns of numbers leave as typed arrays, which it lacks.
fn bytes(crm: &Crm, options: &SegmentsOptions) -> Vec<u8> {
    let mut result = segments(crm, options, &mut Progress::none()).unwrap();
    result.meta.version = "";
    format!("{result:?}").into_bytes()
}

/// FNV-1a of 64 bits.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Of k-means with the gap statistic and bootstraps, of the mixture, and of dense regions.
fn has_the_bytes(files: Option<Files>, of: SegmentsOf, committed: [u64; 3]) {
    let Some(files) = files else { return };
    let whole = crm(&files, usize::MAX);
    let base = SegmentsOptions { of: Some(of), ..Default::default() };
    let methods = [
        base.clone(),
        SegmentsOptions { method: Method::Mixture, references: Some(3), ..base.clone() },
        SegmentsOptions { method: Method::Density, references: Some(3), ..base.clone() },
    ];
    let found = methods.map(|options| checksum(&bytes(&whole, &options)));
    assert_eq!(found, committed, "{found:#018x?}");
    let quick = SegmentsOptions { restarts: 2, references: Some(2), bootstraps: Some(2), ..base };
    let once = bytes(&whole, &quick);
    assert_eq!(bytes(&whole, &quick), once, "again");
    for size in [61, 4096] {
        assert_eq!(bytes(&crm(&files, size), &quick), once, "in pieces of {size} bytes");
    }
}

#[test]
fn cdnow_has_the_committed_bytes_in_pieces_of_any_size_and_again() {
    let committed = [0x7d38_f9c2_1bf4_afaa, 0xbecd_ec3d_edd2_6707, 0x38f2_0b1c_f8d0_dd9e];
    has_the_bytes(cdnow(), SegmentsOf::Orders, committed);
}

#[test]
fn online_retail_has_the_committed_bytes_in_pieces_of_any_size_and_again() {
    let committed = [0xc0e0_a15f_7b55_b6f6, 0x8f0c_eb1b_b08c_b7b8, 0x5fbe_cf2d_9142_65bf];
    has_the_bytes(online_retail(), SegmentsOf::Orders, committed);
}

#[test]
fn accounts_of_maven_have_the_committed_bytes_in_pieces_of_any_size_and_again() {
    let committed = [0x0358_dbe1_7893_4608, 0xc55d_2e61_8245_6822, 0x2479_3790_302f_e7a5];
    has_the_bytes(maven(), SegmentsOf::Accounts, committed);
}
