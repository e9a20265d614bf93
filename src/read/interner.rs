//! Distinct texts of a column, found without an allocation per cell.

/// Distinct texts in order of first appearance, how often each occurs, and the code of each row.
#[derive(Debug, Clone, Default)]
pub(super) struct Interner {
    /// Code per row.
    pub codes: Vec<u32>,
    /// Rows per code.
    pub counts: Vec<u32>,
    bytes: String,
    ends: Vec<usize>,
    hashes: Vec<u32>,
    /// Open addressing; `EMPTY` or a code. The length is a power of two.
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl Interner {
    /// Appends a row that holds `text` without the blanks around it.
    pub fn push(&mut self, text: &str) {
        let text = trimmed(text);
        if self.ends.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash(text.as_bytes());
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        let code = loop {
            // `slot` is masked by the length of `slots`.
            let code = self.slots[slot];
            if code == EMPTY {
                let code = self.ends.len() as u32;
                self.slots[slot] = code;
                self.bytes.push_str(text);
                self.ends.push(self.bytes.len());
                self.hashes.push(hash);
                self.counts.push(0);
                break code;
            }
            if self.hashes[code as usize] == hash && self.text(code as usize) == text {
                break code;
            }
            slot = (slot + 1) & mask;
        };
        self.counts[code as usize] += 1;
        self.codes.push(code);
    }

    /// Number of distinct texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Distinct text `code`, which must be less than [`Interner::len`].
    pub fn text(&self, code: usize) -> &str {
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.bytes[start..self.ends[code]]
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        self.slots.clear();
        self.slots.resize(size, EMPTY);
        for (code, hash) in self.hashes.iter().enumerate() {
            let mut slot = *hash as usize & (size - 1);
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = code as u32;
        }
    }
}

/// `text` without blanks and invisible direction marks around it.
pub(super) fn trimmed(text: &str) -> &str {
    match (text.as_bytes().first(), text.as_bytes().last()) {
        (Some(b'!'..=b'~'), Some(b'!'..=b'~')) | (None, _) => text,
        _ => text.trim_matches(|c: char| {
            c.is_whitespace()
                || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        }),
    }
}

fn hash(bytes: &[u8]) -> u32 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = bytes.len() as u64;
    let mut mix = |word: u64| state = (state.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        mix(chunk.try_into().map_or(0, u64::from_le_bytes));
    }
    let tail = chunks.remainder();
    if !tail.is_empty() {
        let mut word = [0; 8];
        word[..tail.len()].copy_from_slice(tail);
        mix(u64::from_le_bytes(word));
    }
    (state ^ (state >> 32)).wrapping_mul(MULTIPLIER).rotate_left(32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_a_code_and_blanks_do_not_count() {
        let mut interner = Interner::default();
        for row in 0..10_000 {
            interner.push(&format!("  value number {}\u{200f} ", row % 777));
        }
        assert_eq!(interner.len(), 777);
        for row in 0..10_000 {
            assert_eq!(interner.text(interner.codes[row] as usize), format!("value number {}", row % 777));
        }
        assert_eq!(interner.counts.iter().sum::<u32>(), 10_000);
    }
}
