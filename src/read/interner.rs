//! Distinct texts of a column, found without an allocation per cell.

use crate::table::{Levels, Texts};

/// Distinct texts in order of first appearance, how often each occurs, and the code of each row.
///
/// Where nearly every text is new (names of records, mail addresses), a table of all of them is a cache miss per cell: texts are then only
/// appended with their hashes, and equal ones are found later, part of the hashes by part ([`Interner::settle`]).
#[derive(Debug, Clone, Default)]
pub(super) struct Interner {
    /// Code per row.
    pub codes: Vec<u32>,
    /// Rows per code.
    pub counts: Vec<u32>,
    bytes: String,
    ends: Vec<usize>,
    hashes: Vec<u32>,
    /// Open addressing; 0 or the hash above one more than the code. The length is a power of two.
    slots: Vec<u64>,
    /// Number of texts at which to look whether they are still all different; 0 unless they are only appended.
    look_at: usize,
}

/// Rows after which a column can show that its texts are nearly all different.
const MANY: usize = 1 << 14;

impl Interner {
    /// Makes room for so many more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.codes.reserve(rows);
    }

    /// The rows of `texts`; a code beyond the levels is an empty text. Ready to be asked.
    pub fn of(texts: &Texts) -> Self {
        let mut interner = Interner::default();
        texts.levels.iter().for_each(|level| interner.push(level));
        let levels = texts.levels.len();
        if texts.codes.iter().any(|code| *code as usize >= levels) {
            interner.push("");
        }
        interner.settle();
        let code_of = std::mem::take(&mut interner.codes);
        interner.counts.fill(0);
        interner.codes.reserve_exact(texts.codes.len());
        for code in &texts.codes {
            // There is one more than there are levels where any code is beyond them.
            let code = code_of[(*code as usize).min(levels)];
            interner.counts[code as usize] += 1;
            interner.codes.push(code);
        }
        interner
    }

    /// Appends a row that holds `text` without the blanks around it.
    #[inline]
    pub fn push(&mut self, text: &str) {
        let text = trimmed(text);
        let hash = hash(text.as_bytes());
        if self.look_at > 0 {
            self.append(text, hash);
            return;
        }
        if self.ends.len() * 2 >= self.slots.len() {
            self.grow();
            if self.look_at > 0 {
                self.append(text, hash);
                return;
            }
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        let code = loop {
            // `slot` is masked by the length of `slots`.
            let entry = self.slots[slot];
            if entry == 0 {
                self.slots[slot] = (u64::from(hash) << 32) | (self.ends.len() as u64 + 1);
                break self.add(text, hash);
            }
            let code = entry as u32 - 1;
            if (entry >> 32) as u32 == hash && are_equal(self.bytes_of(code as usize), text.as_bytes()) {
                break code;
            }
            slot = (slot + 1) & mask;
        };
        self.counts[code as usize] += 1;
        self.codes.push(code);
    }

    /// A new code for `text`, which no row has yet.
    fn add(&mut self, text: &str, hash: u32) -> u32 {
        let code = self.ends.len() as u32;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        self.hashes.push(hash);
        self.counts.push(0);
        code
    }

    fn append(&mut self, text: &str, hash: u32) {
        if self.ends.len() == self.look_at {
            self.settle();
            self.look_at = if self.ends.len() * 8 < self.codes.len() * 7 { 0 } else { self.ends.len() * 4 };
            if self.look_at == 0 {
                self.push(text);
                return;
            }
        }
        let code = self.add(text, hash);
        self.counts[code as usize] = 1;
        self.codes.push(code);
    }

    /// Gives equal texts one code. Needed before anything is asked about the texts.
    pub fn settle(&mut self) {
        if self.look_at == 0 {
            return;
        }
        self.slots = Vec::new();
        // By parts that fit in the cache, each in the order of appearance.
        let parts = (self.ends.len() / 2048).next_power_of_two();
        let part = |hash: u32| ((u64::from(hash) * parts as u64) >> 32) as usize;
        let mut ends = vec![0_usize; parts + 1];
        self.hashes.iter().for_each(|hash| ends[part(*hash) + 1] += 1);
        for at in 0..parts {
            ends[at + 1] += ends[at];
        }
        let starts = ends.clone();
        let mut entries = vec![0_u64; self.ends.len()];
        for (code, hash) in self.hashes.iter().enumerate() {
            let place = &mut ends[part(*hash)];
            entries[*place] = (u64::from(*hash) << 32) | code as u64;
            *place += 1;
        }
        let mut first_of: Vec<u32> = Vec::new();
        let mut table: Vec<u32> = Vec::new();
        for bounds in starts.windows(2) {
            let entries = &entries[bounds[0]..bounds[1]];
            let mask = (entries.len() * 2).next_power_of_two() - 1;
            table.clear();
            table.resize(mask + 1, u32::MAX);
            for (at, entry) in entries.iter().enumerate() {
                let (hash, code) = ((entry >> 32) as u32, *entry as u32);
                let mut slot = hash as usize & mask;
                while table[slot] != u32::MAX {
                    let other = entries[table[slot] as usize];
                    if (other >> 32) as u32 == hash
                        && self.bytes_of(other as u32 as usize) == self.bytes_of(code as usize)
                    {
                        if first_of.is_empty() {
                            first_of = (0..self.ends.len() as u32).collect();
                        }
                        first_of[code as usize] = other as u32;
                        break;
                    }
                    slot = (slot + 1) & mask;
                }
                if table[slot] == u32::MAX {
                    table[slot] = at as u32;
                }
            }
        }
        if !first_of.is_empty() {
            self.renumber(&first_of);
        }
    }

    /// Keeps the texts that are the first of their kind.
    fn renumber(&mut self, first_of: &[u32]) {
        let old = std::mem::take(self);
        let mut code_of = vec![0_u32; first_of.len()];
        for (code, first) in first_of.iter().enumerate() {
            code_of[code] = if *first as usize == code {
                self.add(old.text(code), old.hashes[code])
            } else {
                code_of[*first as usize]
            };
            self.counts[code_of[code] as usize] += old.counts[code];
        }
        self.codes = old.codes.iter().map(|code| code_of[*code as usize]).collect();
    }

    /// The distinct texts and the code of each row.
    pub fn into_texts(self) -> Texts {
        Texts { codes: self.codes, levels: Levels::from_parts(self.bytes, self.ends) }
    }

    /// Number of distinct texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Distinct text `code`, which must be less than [`Interner::len`].
    pub fn text(&self, code: usize) -> &str {
        &self.bytes[self.start(code)..self.ends[code]]
    }

    #[inline(always)]
    fn bytes_of(&self, code: usize) -> &[u8] {
        &self.bytes.as_bytes()[self.start(code)..self.ends[code]]
    }

    #[inline(always)]
    fn start(&self, code: usize) -> usize {
        if code == 0 { 0 } else { self.ends[code - 1] }
    }

    #[inline(never)]
    fn grow(&mut self) {
        if self.codes.len() >= MANY && self.ends.len() * 8 >= self.codes.len() * 7 {
            self.look_at = self.ends.len() * 4;
            return;
        }
        let size = (self.slots.len() * 2).max((self.ends.len() * 4).next_power_of_two()).max(64);
        self.slots.clear();
        self.slots.resize(size, 0);
        for (code, hash) in self.hashes.iter().enumerate() {
            let mut slot = *hash as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = (u64::from(*hash) << 32) | (code as u64 + 1);
        }
    }
}

/// `text` without blanks and invisible direction marks around it.
#[inline(always)]
pub(super) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [] | [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        // Letters of two bytes, such as those of Arabic script: no blank begins with these.
        [b'!'..=b'~' | 0xc3..=0xdf, .., 0xc3..=0xdf, _] | [0xc3..=0xdf, .., b'!'..=b'~'] => text,
        _ => trimmed_of_blanks(text),
    }
}

#[inline(never)]
fn trimmed_of_blanks(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// Whether the bytes are equal: eight at a time, since most texts are short and a call for them is not.
#[inline(always)]
fn are_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    match (a.first_chunk::<8>(), b.first_chunk::<8>(), a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(first), Some(other), Some(last), Some(other_last)) if a.len() <= 16 => {
            word(first) == word(other) && word(last) == word(other_last)
        }
        (None, ..) => a.iter().zip(b).all(|(a, b)| a == b),
        _ => a == b,
    }
}

#[inline(always)]
fn hash(bytes: &[u8]) -> u32 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| (state.rotate_left(29) ^ word).wrapping_mul(MULTIPLIER);
    let finish = |state: u64| ((state ^ (state >> 32)).wrapping_mul(MULTIPLIER) >> 32) as u32;
    let state = bytes.len() as u64;
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let mut state = mix(state, u64::from_le_bytes(*first));
        if bytes.len() > 16 {
            let (words, _) = bytes[8..].as_chunks::<8>();
            for word in words {
                state = mix(state, u64::from_le_bytes(*word));
            }
        }
        return finish(mix(state, u64::from_le_bytes(*last)));
    }
    let word = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes) {
        (Some(first), Some(last), _) => {
            (u64::from(u32::from_le_bytes(*first)) << 32) | u64::from(u32::from_le_bytes(*last))
        }
        (.., [first, .., last]) => {
            (u64::from(*first) << 16) | (u64::from(bytes[bytes.len() / 2]) << 8) | u64::from(*last)
        }
        (.., [only]) => u64::from(*only),
        _ => 0,
    };
    finish(mix(state, word))
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

    #[test]
    fn rows_by_code_are_the_rows_by_text() {
        let levels = vec!["a", " b ", "", "b", "\u{200f}a", "c"];
        let codes: Vec<u32> = (0..1_000).map(|row| row * 7 % 8).collect();
        let mut by_text = Interner::default();
        levels.iter().for_each(|level| by_text.push(level));
        codes.iter().for_each(|code| by_text.push(levels.get(*code as usize).unwrap_or(&"")));
        let first: Vec<u32> = (0..levels.len() as u32).collect();
        let by_code =
            Interner::of(&Texts { codes: first.into_iter().chain(codes).collect(), levels: Levels::from(levels) });
        assert_eq!((by_code.codes.clone(), by_code.counts.clone()), (by_text.codes.clone(), by_text.counts.clone()));
        assert_eq!(by_code.into_texts(), by_text.into_texts());
    }

    #[test]
    fn texts_that_are_nearly_all_different_are_told_apart_too() {
        // All different, a few equal, and equal from some row on, which ends the appending.
        for same in
            [|row: usize| row, |row: usize| if row % 1000 == 999 { row - 500 } else { row }, |row: usize| row % 30_000]
        {
            let (mut interner, mut codes) = (Interner::default(), std::collections::HashMap::new());
            for row in 0..300_000 {
                interner.push(&format!("user{}@example.com", same(row) * 7919 % 1_000_003));
            }
            interner.settle();
            for row in 0..300_000 {
                let next = codes.len() as u32;
                let code = *codes.entry(same(row)).or_insert(next);
                assert_eq!(interner.codes[row], code);
            }
            assert_eq!(interner.len(), codes.len());
            assert_eq!(interner.counts.iter().sum::<u32>(), 300_000);
        }
    }
}
