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
}
