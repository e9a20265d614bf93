//! Numbers of a result in bulk: typed arrays across the JavaScript boundary, sequences everywhere else.

use serde::{Serialize, Serializer};

/// Many numbers. Serialises as a `Float64Array` to JavaScript and as a sequence elsewhere; NaN becomes `null` in JSON.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Floats(pub Vec<f64>);

/// Many row numbers or labels. Serialises as a `Uint32Array` to JavaScript and as a sequence elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indices(pub Vec<u32>);

impl Serialize for Floats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[cfg(target_arch = "wasm32")]
        return crate::wasm::floats(&self.0, serializer);
        #[cfg(not(target_arch = "wasm32"))]
        serializer.collect_seq(&self.0)
    }
}

impl Serialize for Indices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[cfg(target_arch = "wasm32")]
        return crate::wasm::indices(&self.0, serializer);
        #[cfg(not(target_arch = "wasm32"))]
        serializer.collect_seq(&self.0)
    }
}
