//! Several numbers at a time: the same operations in the same order natively and in WebAssembly, so the same digits.

mod four;
mod two;

pub(crate) use four::Four;
pub(crate) use two::Two;

/// Numbers in one [`Four`].
pub(crate) const LANES: usize = 4;
