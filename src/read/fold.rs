//! Texts reduced to what their spellings share: for matching only, never for display.

use super::case::lower;

/// The letter or digit that stands for all spellings of `c`; `None` for what spellings add or leave out: blanks, punctuation, the
/// zero-width non-joiner, tatweel and vowel signs.
pub(crate) fn folded_char(c: char) -> Option<char> {
    match c {
        'a'..='z' | '0'..='9' => Some(c),
        'ي' | 'ى' => Some('ی'),
        'ك' => Some('ک'),
        'ة' => Some('ه'),
        'أ' | 'إ' | 'آ' => Some('ا'),
        '\u{64b}'..='\u{65f}' | '\u{670}' | 'ـ' => None,
        '\u{660}'..='\u{669}' => char::from_digit(c as u32 - 0x660, 10),
        '\u{6f0}'..='\u{6f9}' => char::from_digit(c as u32 - 0x6f0, 10),
        c if c.is_alphanumeric() => Some(lower(c)),
        _ => None,
    }
}

/// `text` in lower case, letters and digits only, with one form of ی, ک and ه, alef without its signs, and European digits.
pub(crate) fn folded(text: &str) -> String {
    text.chars().filter_map(folded_char).collect()
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn spellings_of_one_word_fold_alike() {
        for (a, b) in [
            ("علي", "علی"),
            ("شركت", "شرکت"),
            ("می\u{200c}رود", "میرود"),
            ("مـــبلغ", "مبلغ"),
            ("مُحَمَّد", "محمد"),
            ("سال ۱۴۰۳", "سال ١٤٠٣"),
            ("سال ۱۴۰۳", "سال 1403"),
            (" Google", "google"),
            ("GTX Pro", "GTXPro"),
            ("مدرسة", "مدرسه"),
        ] {
            assert_eq!(folded(a), folded(b), "{a} {b}");
        }
        assert_ne!(folded("GTX Pro"), folded("GTX Plus"));
        assert_eq!(folded("–"), "");
    }
}
