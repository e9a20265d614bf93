//! Levels that are probably one: the same text in other spelling, one letter off a frequent one, or one letter off a known word.

use super::book::{Book, Look, Touch, flags, rows_with, sum_of};
use super::tables::{role_at, users};
use super::{EXAMPLES, FORECAST, SEGMENTS, Severity};
use crate::crm::{NearMiss, TableKind, differ_by_one};
use crate::read::fold::folded;
use crate::stats::order::sorted_rows;
use crate::table::{Texts, Values};

/// More levels than this name things one by one; their spellings are compared no more.
const MOST: usize = 20_000;
/// Suggestions listed; the rows of all are counted.
const LISTED: usize = 100;
/// Beyond so many levels, neighbours in spelling are mostly different things.
const CATEGORIES: usize = 1000;
/// A slip of the pen is rare beside what was meant.
const RARER: f64 = 10.0;

/// Industries and countries of at least seven letters, as CRMs list them: a level one letter off is misspelt even where the right
/// spelling stands nowhere in the data.
const WORDS: &str = "technology biotechnology telecommunications communications entertainment healthcare education manufacturing construction insurance \
    government hospitality marketing consulting engineering transportation agriculture electronics pharmaceuticals automotive aerospace logistics \
    chemicals finance financial banking medical software hardware services employment environmental recreation utilities \
    Philippines Germany Netherlands Switzerland Portugal Belgium Australia Austria Argentina Colombia Denmark Finland Hungary Iceland Indonesia Ireland \
    Malaysia Morocco Nigeria Pakistan Romania Singapore Thailand Ukraine Vietnam Lebanon Bahrain Azerbaijan Armenia Afghanistan Turkmenistan \
    Kazakhstan Uzbekistan Bangladesh Luxembourg Slovakia Slovenia Croatia Bulgaria Lithuania Estonia Venezuela";

pub(super) fn check(book: &mut Book<'_>) {
    let same = &book.loaded.summary.mapping.same;
    for place in 0..book.loaded.tables.len() {
        let kind = book.loaded.tables[place].kind;
        for (at, column) in book.table(place).columns().iter().enumerate() {
            let Values::Texts(texts) = &column.values else { continue };
            let role = role_at(book, place, at);
            let digits = |level: &str| level.bytes().any(|byte| byte.is_ascii_digit());
            // Many codes that all hold digits are numbers of things, not spellings.
            let codes = texts.levels.len() > CATEGORIES && texts.levels.iter().all(digits);
            if codes || texts.levels.len() > MOST || texts.levels.len() < 2 {
                continue;
            }
            let mut counts = vec![0.0; texts.levels.len()];
            for (row, code) in texts.codes.iter().enumerate() {
                if let Some(count) = counts.get_mut(*code as usize) {
                    *count += book.weight(place, row as u32);
                }
            }
            let merged = [Some(column.name.as_str()), role].into_iter().flatten().find_map(|name| same.get(name));
            let names_people = matches!(role, Some("owner" | "customer_id" | "id" | "deal_id"));
            let touches: &[Touch] = match (kind, role) {
                (TableKind::Deals, Some("customer_id")) => &[(FORECAST, false), (SEGMENTS, false)],
                (TableKind::Deals | TableKind::Customers, _) => &[(FORECAST, false)],
                _ => users(kind),
            };
            for spelling in [true, false] {
                let (code, severity, mut pairs) = if spelling {
                    ("near_duplicate_levels", Severity::Warning, other_spelling(texts, &counts))
                } else {
                    ("misspelt_levels", Severity::Info, misspelt(texts, &counts, names_people))
                };
                pairs.retain(|(from, _)| merged.is_none_or(|m| m.get(&texts.levels[*from]).is_none()));
                // The most frequent first.
                let order = sorted_rows(pairs.len(), &mut |a, b| counts[pairs[b].0].total_cmp(&counts[pairs[a].0]));
                let is = flags(counts.len(), &|at| pairs.iter().any(|(from, _)| *from == at));
                let of = sum_of(counts.len(), &|at| counts[at]);
                let look = Look::new(code, Some(&column.name), severity, touches);
                let Some(finding) = book.add(place, &look, rows_with(texts, &is), of) else { continue };
                finding.example_values.clear();
                for at in order.into_iter().take(LISTED) {
                    let (from, to) = (pairs[at].0, pairs[at].1.clone());
                    let value = texts.levels[from].to_owned();
                    if finding.near_misses.len() < EXAMPLES {
                        finding.example_values.push(value.clone());
                    }
                    let count = counts[from].round() as usize;
                    finding.near_misses.push(NearMiss { value, nearest: Some(to), count });
                }
            }
        }
    }
}

/// What tells levels of equal letters apart: signs that mean something, such as `C` and `C++`, and between digits any, such as `1-10` and `110`.
fn signs(level: &str) -> String {
    let has_digit = folded(level).chars().any(|c| c.is_ascii_digit());
    let means = |c: &char| "+#%<>=&*/−".contains(*c) || (has_digit && !c.is_alphanumeric() && !c.is_whitespace());
    let mut signs: String = level.chars().filter(means).collect();
    if level.trim_end().ends_with('-') {
        signs.push('-');
    }
    signs
}

/// Pairs of a level and the most frequent one of the same letters and digits.
fn other_spelling(texts: &Texts, counts: &[f64]) -> Vec<(usize, String)> {
    let folds: Vec<(String, String)> = texts.levels.iter().map(|level| (folded(level), signs(level))).collect();
    let used: Vec<usize> = (0..folds.len()).filter(|at| counts[*at] > 0.0 && !folds[*at].0.is_empty()).collect();
    // The most frequent of equal ones first.
    let order = sorted_rows(used.len(), &mut |a, b| {
        let (a, b) = (used[a], used[b]);
        folds[a].cmp(&folds[b]).then(counts[b].total_cmp(&counts[a])).then(a.cmp(&b))
    });
    let mut pairs = Vec::new();
    let mut first: Option<usize> = None;
    for at in order.into_iter().map(|at| used[at]) {
        match first {
            Some(first) if folds[first] == folds[at] => pairs.push((at, texts.levels[first].to_owned())),
            _ => first = Some(at),
        }
    }
    pairs
}

/// Pairs of a level and the level or word that it is one letter off. No digit may differ, and the word that differs has at least
/// five letters: `Q1` and `Q2`, `Product A` and `Product B` are different things.
fn misspelt(texts: &Texts, counts: &[f64], names_people: bool) -> Vec<(usize, String)> {
    let used: Vec<usize> = (0..counts.len()).filter(|at| counts[*at] > 0.0).collect();
    let rows: f64 = counts.iter().sum();
    if used.len() > CATEGORIES || used.len() as f64 > 0.5 * rows {
        return Vec::new();
    }
    let folds: Vec<String> = used.iter().map(|at| folded(&texts.levels[*at])).collect();
    let mut pairs = Vec::new();
    for (place, at) in used.iter().copied().enumerate() {
        let own = &folds[place];
        if own.len() < 5 || own.chars().any(|c| c.is_ascii_digit()) || known(own).is_some_and(|(exact, _)| exact) {
            continue;
        }
        let level = &texts.levels[at];
        let off = |other: usize| {
            counts[used[other]] >= RARER * counts[at]
                && own.len().abs_diff(folds[other].len()) <= 4
                && long_words_differ(level, &texts.levels[used[other]])
                && !plural(own, &folds[other])
        };
        let frequent = || (0..used.len()).filter(|other| *other != place && off(*other)).map(|other| used[other]);
        let word = || known(own).filter(|_| !names_people).map(|(_, word)| cased(word, level));
        let best = frequent().reduce(|best, at| if counts[at] > counts[best] { at } else { best });
        if let Some(to) = word().or_else(|| best.map(|at| texts.levels[at].to_owned())) {
            pairs.push((at, to));
        }
    }
    pairs
}

/// The known word that `fold` is, or is one letter off; whether it is that word itself.
fn known(fold: &str) -> Option<(bool, &'static str)> {
    let words = || WORDS.split_ascii_whitespace();
    let is = |word: &&str| word.eq_ignore_ascii_case(fold);
    let near = |word: &&str| {
        let word = folded(word);
        differ_by_one(fold, &word) && !plural(fold, &word)
    };
    words().find(is).map(|word| (true, word)).or_else(|| words().find(near).map(|word| (false, word)))
}

/// `word` as it would stand in the place of `level`.
fn cased(word: &str, level: &str) -> String {
    let upper = level.starts_with(|c: char| c.is_ascii_uppercase());
    let mut text = word.to_owned();
    // The words are of ASCII letters.
    if let Some(first) = text.get_mut(..1) {
        if upper { first.make_ascii_uppercase() } else { first.make_ascii_lowercase() }
    }
    text
}

fn plural(a: &str, b: &str) -> bool {
    a.strip_suffix('s') == Some(b) || b.strip_suffix('s') == Some(a)
}

/// Whether `a` and `b` have equal words but for one of at least five letters, in which one letter differs.
fn long_words_differ(a: &str, b: &str) -> bool {
    let split = |c: char| !c.is_alphanumeric();
    let words = |text: &str| -> Vec<String> { text.split(split).map(folded).filter(|word| !word.is_empty()).collect() };
    let (a, b) = (words(a), words(b));
    if a.len() != b.len() {
        return false;
    }
    let mut off = a.iter().zip(&b).filter(|(a, b)| a != b);
    match (off.next(), off.next()) {
        (Some((a, b)), None) => {
            a.chars().count().min(b.chars().count()) >= 5
                && !b.chars().any(|c| c.is_ascii_digit())
                && differ_by_one(a, b)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(found: Vec<(usize, String)>, texts: &Texts) -> Vec<String> {
        found.into_iter().map(|(from, to)| format!("{}→{to}", &texts.levels[from])).collect()
    }

    fn repeated(levels: &[(&str, usize)]) -> (Texts, Vec<f64>) {
        let rows = levels.iter().flat_map(|(level, count)| std::iter::repeat_n(Some(*level), *count));
        (rows.collect(), levels.iter().map(|(_, count)| *count as f64).collect())
    }

    #[test]
    fn spellings_of_one_level_meet_and_different_things_do_not() {
        let (texts, counts) = repeated(&[
            ("Google", 3),
            ("google", 5),
            ("شركت علي", 2),
            ("شرکت\u{200c}علی", 9),
            ("C", 4),
            ("C++", 4),
            ("1-10", 3),
            ("110", 3),
            ("A-", 2),
            ("A", 2),
            ("Follow-up", 7),
            ("Follow up", 1),
            ("سال ۱۴۰۳", 5),
            ("سال 1403", 1),
        ]);
        assert_eq!(
            pairs(other_spelling(&texts, &counts), &texts),
            ["Follow up→Follow-up", "Google→google", "سال 1403→سال ۱۴۰۳", "شركت علي→شرکت\u{200c}علی"]
        );
    }

    #[test]
    fn one_letter_off_a_frequent_level_or_a_known_word() {
        let (texts, counts) = repeated(&[
            ("technolgy", 12),
            ("Philipines", 1),
            ("finance", 8),
            ("services", 9),
            ("Enterprise", 40),
            ("Enterprize", 2),
            ("Product Alpha", 30),
            ("Product A", 30),
            ("Product B", 2),
            ("Region 1", 40),
            ("Region 2", 1),
            ("Partner", 50),
            ("Partners", 2),
            ("Austria", 3),
            ("Australia", 90),
        ]);
        assert_eq!(
            pairs(misspelt(&texts, &counts, false), &texts),
            ["technolgy→technology", "Philipines→Philippines", "Enterprize→Enterprise"]
        );
    }
}
