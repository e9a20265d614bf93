//! Distinct texts of a column, found without an allocation per cell.

use super::scan::Cell;
use super::simd::append;
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
    /// The first texts where they are short; no text is [`LONG`].
    keys: Vec<Key>,
    /// Open addressing; 0 or the hash above one more than the code. The length is a power of two.
    slots: Vec<u64>,
    /// Number of texts at which to look whether they are still all different; 0 unless they are only appended.
    look_at: usize,
}

/// A text of less than 32 bytes in whole words, its length in the last byte: short texts are compared and hashed without a branch per length.
type Key = [u64; 4];

const LONG: Key = [u64::MAX; 4];
/// Texts whose keys are kept.
const KEYS: usize = 4096;

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
    pub fn push(&mut self, text: &str) {
        let text = trimmed(text);
        match key_of(text) {
            Some(key) => self.push_short(&key, || text),
            None => {
                let hash = hash(text.as_bytes());
                self.push_hashed(hash, |texts, code| texts.bytes_of(code) == text.as_bytes(), || text);
            }
        }
    }

    /// Appends a row that holds what `cell` says without the blanks around it.
    #[inline(always)]
    pub fn push_cell(&mut self, cell: &Cell<'_>, scratch: &mut String) {
        let (text, length) = (cell.with_rest(), cell.length());
        if !cell.is_escaped()
            && is_trimmed(text, length)
            && let Some(block) = text.first_chunk()
            && let Some(key) = key(block, length)
        {
            self.push_short(&key, || cell.written());
        } else {
            self.push(cell.text(scratch));
        }
    }

    #[inline(always)]
    fn push_short<'t>(&mut self, key: &Key, text: impl Fn() -> &'t str) {
        let is_same = |texts: &Self, code: usize| match texts.keys.get(code) {
            Some(other) => key == other,
            None => texts.bytes_of(code) == text().as_bytes(),
        };
        self.push_hashed(key_hash(key), is_same, &text);
    }

    #[inline(always)]
    fn push_hashed<'t>(&mut self, hash: u32, is_same: impl Fn(&Self, usize) -> bool, text: impl Fn() -> &'t str) {
        if self.ends.len() * 2 >= self.slots.len() {
            if self.look_at == 0 {
                self.grow();
            }
            if self.look_at > 0 {
                self.append(text(), hash);
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
                break self.add(text(), hash);
            }
            let code = entry as u32 - 1;
            if (entry >> 32) as u32 == hash && is_same(self, code as usize) {
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
        append(&mut self.bytes, text);
        if self.keys.len() < KEYS {
            self.keys.push(key_of(text).unwrap_or(LONG));
        }
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
    if is_trimmed(text.as_bytes(), text.len()) { text } else { trimmed_of_blanks(text) }
}

/// Whether it is plain that [`trimmed`] takes nothing off the first `length` bytes of `text`.
#[inline(always)]
fn is_trimmed(text: &[u8], length: usize) -> bool {
    let byte = |at: usize| text.get(at).copied().unwrap_or(b'a');
    let is_visible = |byte: u8| byte.wrapping_sub(b'!') <= b'~' - b'!';
    // Begins a letter of two bytes, such as those of Arabic script: no blank begins with these.
    let is_letter = |byte: u8| byte.wrapping_sub(0xc3) <= 0xdf - 0xc3;
    let (first, before, last) = (byte(0), byte(length.saturating_sub(2)), byte(length.saturating_sub(1)));
    // Without branches: what names and companies begin with cannot be predicted.
    (length == 0) | ((is_visible(first) | is_letter(first)) & (is_visible(last) | is_letter(before)))
}

#[inline(never)]
fn trimmed_of_blanks(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// The key of the first `length` bytes of `block`, where they are short.
#[inline(always)]
fn key(block: &[u8; 32], length: usize) -> Option<Key> {
    const MASKS: [u8; 64] = {
        let mut masks = [0; 64];
        let mut at = 0;
        while at < 32 {
            masks[at] = 0xff;
            at += 1;
        }
        masks
    };
    let masks = MASKS.get(32_usize.checked_sub(length)?..)?.first_chunk::<32>()?;
    if length == 32 {
        return None;
    }
    let word = |bytes: &[u8; 32], at: usize| bytes[8 * at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    let mut key: Key = std::array::from_fn(|at| word(block, at) & word(masks, at));
    key[3] |= (length as u64) << 56;
    Some(key)
}

#[inline(never)]
fn key_of(text: &str) -> Option<Key> {
    let mut block = [0; 32];
    block.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    key(&block, text.len())
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline(always)]
fn folded(state: u64) -> u32 {
    ((state ^ (state >> 32)).wrapping_mul(MULTIPLIER) >> 32) as u32
}

/// The words are multiplied side by side, each by an odd number of its own.
#[inline(always)]
fn key_hash(key: &Key) -> u32 {
    const MULTIPLIERS: Key = [MULTIPLIER, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0xd6e8_feb8_6659_fd93];
    let word = |at: usize| key[at].wrapping_mul(MULTIPLIERS[at]).rotate_left(at as u32 * 16);
    folded(word(0) ^ word(1) ^ word(2) ^ word(3))
}

#[inline(never)]
fn hash(bytes: &[u8]) -> u32 {
    let mix = |state: u64, word: &[u8; 8]| (state.rotate_left(29) ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
    let state = bytes.as_chunks().0.iter().fold(bytes.len() as u64, mix);
    folded(bytes.last_chunk().map_or(state, |last| mix(state, last)))
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
    fn texts_of_any_length_are_told_apart_and_found_again() {
        // Beyond the number of keys too, and with what only the host can give: a zero byte.
        let mut interner = Interner::default();
        for round in 0..2 {
            for length in 0..70 {
                for last in ["a", "b", "\0", "ی", "aی"] {
                    for first in 0..20 {
                        interner.push(&format!("{first}{}{last}", &"سلام،دنیا".repeat(4)[..length & !1]));
                    }
                }
            }
            assert_eq!(interner.len(), 35 * 5 * 20, "{round}");
        }
    }

    #[test]
    fn cells_are_the_texts_that_they_say() {
        let text = " a ,\"b \",\"c\"\"d\",,سلام,x\u{a0},long text that fills more than thirty-two bytes,e";
        let mut scanner = super::super::scan::Scanner::new(text, b',', 1);
        scanner.record().expect("text");
        let (mut cells, mut texts, mut scratch) = (Interner::default(), Interner::default(), String::new());
        scanner.column(0, 1).for_each(|cell| cells.push_cell(&cell, &mut scratch));
        ["a", "b", "c\"d", "", "سلام", "x", "long text that fills more than thirty-two bytes", "e"]
            .iter()
            .for_each(|text| texts.push(text));
        assert_eq!(cells.codes, texts.codes);
        assert_eq!(cells.into_texts(), texts.into_texts());
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
