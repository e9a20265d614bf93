//! Values that the user wants to be read as one: `mapping.same`, by column or role.

use super::ordered_map::OrderedMap;
use super::{Attribute, Deals};
use crate::table::{Texts, Values};

/// Value to the value that it is read as, by column or role.
type Same = OrderedMap<String, OrderedMap<String, String>>;

/// Merges levels of `texts` as the first of `names` that `same` knows says. The merged level stays in the list, used by no row.
pub(super) fn of_texts(texts: &mut Texts, same: &Same, names: &[Option<&str>]) {
    let Some(merged) = names.iter().flatten().find_map(|name| same.get::<str>(name)) else { return };
    let mut target: Vec<u32> = (0..texts.levels.len() as u32).collect();
    for (from, to) in merged.iter() {
        let place = |wanted: &String| texts.levels.iter().position(|level| level == wanted);
        let Some(at) = place(from) else { continue };
        target[at] = match place(to) {
            Some(to) => to as u32,
            None => {
                texts.levels.push(to.clone());
                (texts.levels.len() - 1) as u32
            }
        };
    }
    for code in &mut texts.codes {
        *code = target.get(*code as usize).copied().unwrap_or(*code);
    }
}

/// Merges levels of the columns that `same` names, by their own name or their role.
pub(super) fn of_attributes(attributes: &mut [Attribute], same: &Same) {
    for attribute in attributes {
        if let Values::Texts(texts) = &mut attribute.values {
            of_texts(texts, same, &[Some(&attribute.name), attribute.role.as_deref()]);
        }
    }
}

/// The same for the columns of deals, and the stage and owner that were taken from them.
pub(super) fn of_deals(deals: &mut Deals, same: &Same) {
    if same.is_empty() {
        return;
    }
    let name = |role: &str| deals.attributes.iter().find(|a| a.role.as_deref() == Some(role)).map(|a| a.name.clone());
    // A column that is both is called by its role as outcome.
    let (stage, owner) = (name("stage").or_else(|| name("outcome")), name("owner"));
    of_texts(&mut deals.stage, same, &[stage.as_deref(), Some("stage")]);
    of_texts(&mut deals.owner, same, &[owner.as_deref(), Some("owner")]);
    of_attributes(&mut deals.attributes, same);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_levels_share_a_code_and_the_others_stay() {
        let mut texts: Texts = ["google", "Google", "ads", "GTXPro"].into_iter().map(Some).collect();
        let pairs = [("google", "Google"), ("GTXPro", "GTX Pro"), ("absent", "ads")];
        let merged = pairs.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        let same: Same = [("source".to_owned(), merged)].into_iter().collect();
        of_texts(&mut texts, &same, &[Some("lead_source"), Some("source")]);
        let read: Vec<_> = (0..4).map(|row| texts.get(row)).collect();
        assert_eq!(read, [Some("Google"), Some("Google"), Some("ads"), Some("GTX Pro")]);
        let before = texts.clone();
        of_texts(&mut texts, &same, &[Some("product"), None]);
        assert_eq!(texts, before);
    }
}
