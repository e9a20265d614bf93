//! Results held against independent programs. The same tests run natively and in a headless browser.

mod any_input;
mod clusters;
mod coverage;
mod data;
mod data_door;
mod export_fixtures;
mod exports;
mod forecast;
mod funnel;
mod groups;
mod hazard;
mod history_forms;
mod pipeline;
mod quality;
mod same_bits;
mod segment_bytes;
mod segments;
mod tables;
mod time;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
