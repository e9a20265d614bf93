//! Deals that were merged into others: their ids stand beside the deal that lives on, or in a table of their own.

use super::columns;
use super::load::LoadedTable;
use super::words::header_names;
use std::collections::HashSet;

/// Headers of columns that name the deals that were merged into the deal of the row.
const MERGED: [&str; 4] = ["mergeddealids", "mergeddealid", "hsmergedobjectids", "mergedrecordids"];

/// Ids of all deals that were merged into another one.
pub(super) fn ids(tables: &[LoadedTable]) -> HashSet<String> {
    let mut ids = HashSet::new();
    for table in tables {
        let table = table.source.table.columns();
        let (names, _) = header_names(table);
        for at in (0..table.len()).filter(|at| MERGED.contains(&names[*at].as_str())) {
            for level in columns::texts(&table[at]).levels.iter() {
                ids.extend(level.split([';', ',']).map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned));
            }
        }
    }
    ids
}
