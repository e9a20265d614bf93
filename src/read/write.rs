//! A table as CSV bytes.

use super::dates::iso_text;
use crate::table::{Table, Values};

/// `table` as the UTF-8 bytes of a comma-separated file with a header.
///
/// Missing values are empty cells, instants are ISO texts in UTC (the day alone where the whole column holds days, milliseconds
/// where there are any), numbers have all their digits: [`super::csv`] reads the same values back.
pub fn write_csv(table: &Table) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let mut record = csv::ByteRecord::new();
    table.columns().iter().for_each(|column| record.push_field(column.name.as_bytes()));
    // Writing to memory fails only on records of different lengths, and these are equal.
    let _ = writer.write_byte_record(&record);
    let days: Vec<bool> = table.columns().iter().map(|column| holds_days(&column.values)).collect();
    let mut cell = String::new();
    for row in 0..table.rows() {
        record.clear();
        for (column, days) in table.columns().iter().zip(&days) {
            cell.clear();
            match &column.values {
                Values::Texts(texts) => cell.push_str(texts.get(row).unwrap_or_default()),
                Values::Numbers(values) if !values[row].is_nan() => cell.push_str(&values[row].to_string()),
                Values::Instants(values) if !values[row].is_nan() => cell.push_str(&iso_text(values[row], *days)),
                Values::Numbers(_) | Values::Instants(_) => {}
            }
            record.push_field(cell.as_bytes());
        }
        let _ = writer.write_byte_record(&record);
    }
    writer.into_inner().unwrap_or_default()
}

fn holds_days(values: &Values) -> bool {
    match values {
        Values::Instants(values) => values.iter().all(|value| value.is_nan() || value % 86_400_000.0 == 0.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RawValues, columns, csv};
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let texts = |values: &[&str]| RawValues::Texts(values.iter().map(|text| (*text).to_owned()).collect());
        let source = columns(
            "t",
            vec![
                ("id".into(), texts(&["a,b", "say \"hi\"", "two\nlines", ""])),
                (
                    "when".into(),
                    texts(&["2020-01-01T00:00:00.001Z", "", "2020-01-02T10:00:00Z", "2020-02-01T00:00:00Z"]),
                ),
                ("day".into(), texts(&["2020-01-01", "2020-02-01", "", "1999-12-31"])),
                ("x".into(), RawValues::Numbers(vec![1.5, f64::NAN, -1e-9, 123_456_789.125])),
            ],
            &crate::time::LocalTime::default(),
        )
        .expect("equally long");
        let written = write_csv(&source.table);
        let read = csv("t", &written).expect("readable");
        assert_eq!(write_csv(&read.table), written);
        for (a, b) in source.table.columns().iter().zip(read.table.columns()) {
            assert_eq!(format!("{a:?}"), format!("{b:?}"));
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn any_table_is_the_same_when_it_is_read_back(
            rows in proptest::collection::vec((
                proptest::option::of(-1e12..1e12_f64),
                proptest::option::of(-1_000_000_000_000_i64..4_000_000_000_000),
                proptest::option::of("x[ -~«-ی\"\n\r,;]{0,12}y"),
            ), 0..60),
        ) {
            let number = |value: &Option<f64>| value.unwrap_or(f64::NAN);
            let instant = |value: &Option<i64>| value.map_or(f64::NAN, |ms| ms as f64);
            // One value of each kind that no other kind has.
            let texts = std::iter::once(Some("text")).chain(rows.iter().map(|row| row.2.as_deref())).collect();
            let columns = vec![
                Values::Numbers(std::iter::once(0.5).chain(rows.iter().map(|row| number(&row.0))).collect()),
                Values::Instants(std::iter::once(1.0).chain(rows.iter().map(|row| instant(&row.1))).collect()),
                Values::Texts(texts),
            ];
            let named = columns.into_iter().zip(["n", "t", "s"]);
            let columns = named.map(|(values, name)| crate::table::Column { name: name.into(), values }).collect();
            let table = Table::new("t", columns).expect("equally long");
            let read = csv("t", &write_csv(&table)).expect("readable");
            // Debug text, because NaN differs from itself.
            proptest::prop_assert_eq!(format!("{:?}", read.table.columns()), format!("{:?}", table.columns()));
        }
    }
}
