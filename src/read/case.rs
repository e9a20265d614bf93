//! Lower case of the alphabets that have one, by arithmetic: the Unicode table would be 8 kB of the download.

/// The lower-case letter of a Latin, Greek or Cyrillic capital; any other character as it is.
pub(crate) fn lower(c: char) -> char {
    let code = c as u32;
    let shifted = match code {
        0x41..=0x5A | 0xC0..=0xD6 | 0xD8..=0xDE | 0x391..=0x3A1 | 0x3A3..=0x3AB | 0x410..=0x42F => code + 32,
        0x400..=0x40F => code + 80,
        0x139..=0x148 | 0x179..=0x17E if !code.is_multiple_of(2) => code + 1,
        0x100..=0x12F | 0x132..=0x137 | 0x14A..=0x177 | 0x460..=0x481 | 0x48A..=0x4BF if code.is_multiple_of(2) => {
            code + 1
        }
        // İ has no lower-case letter of one character, and Ÿ has its own far away.
        0x130 => 0x69,
        0x178 => 0xFF,
        _ => code,
    };
    char::from_u32(shifted).unwrap_or(c)
}

/// `text` in lower case.
pub(crate) fn lowered(text: &str) -> String {
    text.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::lower;

    #[test]
    fn agrees_with_unicode_on_the_three_alphabets() {
        let others = ['\u{130}', '\u{178}'];
        for c in ('\u{0}'..='\u{17F}').chain('\u{391}'..='\u{3C9}').chain('\u{400}'..='\u{4BF}') {
            if !others.contains(&c) {
                assert_eq!(vec![lower(c)], c.to_lowercase().collect::<Vec<_>>(), "{c} {:x}", c as u32);
            }
        }
        assert_eq!(['\u{178}', 'ی', '٣'].map(lower), ['\u{ff}', 'ی', '٣']);
    }
}
