//! Lookups in the cells of a table: `{"name": "Sara", "id": "7"}` or `[7, "Sara"]` is the name, and the id a column of its own.

use super::json::{Piece, pieces};
use crate::error::Result;
use crate::read::{ColumnFacts, Source};
use crate::table::{Column, Levels, Texts, Values};

/// Puts the names of lookups where they stand, and their ids into columns called `… .id`. A column is one of lookups if all its cells are.
pub(super) fn unfold(source: &mut Source) -> Result<()> {
    for at in 0..source.table.columns().len() {
        let column = &source.table.columns()[at];
        let Values::Texts(texts) = &column.values else { continue };
        if !texts.levels.iter().next().is_some_and(|level| level.starts_with(['{', '['])) {
            continue;
        }
        let Some(read) = texts.levels.iter().map(lookup).collect::<Option<Vec<_>>>() else { continue };
        let of = |part: &dyn Fn(&(String, String)) -> String| {
            let row = |code: &u32| read.get(*code as usize).map(part);
            texts.codes.iter().map(row).collect::<Texts>()
        };
        let (names, ids) = (of(&|(name, _)| name.clone()), of(&|(_, id)| id.clone()));
        let id = Column { name: format!("{}.id", column.name), values: Values::Texts(ids) };
        source.columns[at] = facts(&Values::Texts(names.clone()));
        source.table.set_texts(at, names);
        append(source, id)?;
    }
    Ok(())
}

/// Appends a column to `source`.
///
/// # Errors
/// [`crate::Error::ColumnLength`] where it is of another length.
pub(super) fn append(source: &mut Source, column: Column) -> Result<()> {
    source.columns.push(facts(&column.values));
    source.table.push(column)
}

fn facts(values: &Values) -> ColumnFacts {
    let (kind, missing) = match values {
        Values::Numbers(values) => ("number", values.iter().filter(|value| value.is_nan()).count()),
        Values::Instants(values) => ("instant", values.iter().filter(|value| value.is_nan()).count()),
        Values::Texts(texts) => ("text", texts.codes.iter().filter(|code| **code == Texts::MISSING).count()),
    };
    let levels: Option<&Levels> = match values {
        Values::Texts(texts) => Some(&texts.levels),
        Values::Numbers(_) | Values::Instants(_) => None,
    };
    let examples = levels.map(|levels| levels.iter().take(3).map(str::to_owned).collect());
    ColumnFacts {
        kind,
        missing,
        distinct: levels.map(Levels::len),
        examples: examples.unwrap_or_default(),
        ..ColumnFacts::default()
    }
}

/// Name and id of the lookup that `text` is.
fn lookup(text: &str) -> Option<(String, String)> {
    let pieces = pieces(text)?;
    let plain = |piece: &Piece| match piece {
        Piece::Text(text) => Some(text.clone()),
        Piece::Number(number) => Some(number.to_string()).filter(|_| number.is_finite()),
        Piece::Mark(_) => None,
    };
    if let [Piece::Mark('['), id @ Piece::Number(_), Piece::Mark(','), Piece::Text(name), Piece::Mark(']')] =
        &pieces[..]
    {
        return Some((name.clone(), plain(id)?));
    }
    if pieces.first() != Some(&Piece::Mark('{')) {
        return None;
    }
    let value = |wanted: &str| {
        pieces.windows(3).find_map(|window| match window {
            [Piece::Text(name), Piece::Mark(':'), value] if name == wanted => plain(value),
            _ => None,
        })
    };
    Some((value("name")?, value("id").or_else(|| value("value"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    #[test]
    fn lookups_in_cells_become_names_and_ids() {
        let text = "id,Owner,stage_id,times\n1,\"{\"\"name\"\": \"\"Sara\"\", \"\"id\"\": \"\"7\"\"}\",\"[3, \"\"New\"\"]\",\"{\"\"7\"\": 5}\"\n\
            2,,\"[4, \"\"Offer\"\"]\",\"{\"\"8\"\": 5}\"\n";
        let mut source = read::csv("deals.csv", text.as_bytes()).expect("readable");
        unfold(&mut source).expect("unfolds");
        let names: Vec<&str> = source.table.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "Owner", "stage_id", "times", "Owner.id", "stage_id.id"]);
        let shown = |name: &str, row: usize| match &source.table.column(name).expect("there").values {
            Values::Texts(texts) => texts.get(row).map(str::to_owned),
            _ => None,
        };
        assert_eq!([shown("Owner", 0), shown("Owner", 1)], [Some("Sara".to_owned()), None]);
        assert_eq!([shown("stage_id", 1), shown("stage_id.id", 1)], [Some("Offer".to_owned()), Some("4".to_owned())]);
        // Seconds by stage are no lookup.
        assert_eq!(shown("times", 0).as_deref(), Some("{\"7\": 5}"));
        assert_eq!(source.columns.len(), 6);
    }

    #[test]
    fn a_column_with_one_other_cell_stays_as_it_is() {
        let text = "id,Owner\n1,\"{\"\"name\"\": \"\"Sara\"\", \"\"id\"\": \"\"7\"\"}\"\n2,Omid\n";
        let mut source = read::csv("deals.csv", text.as_bytes()).expect("readable");
        let before = source.clone();
        unfold(&mut source).expect("unfolds");
        assert_eq!(source, before);
    }
}
