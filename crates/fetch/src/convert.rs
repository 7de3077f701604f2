//! What becomes of a file: the same bytes, or a CSV file with a line of names and the target last.

use std::fs;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim, Writer};

use crate::Form;
use crate::workspace::write_error;
use smallbatch_data::read_idx;

use crate::Error;

/// Writes a file in its form; returns its shape.
pub(super) fn write(
    form: Form,
    target: Option<&str>,
    bytes: &[u8],
    to: &Path,
) -> Result<Vec<usize>, Error> {
    let csv = match form {
        Form::Same => {
            fs::write(to, bytes).map_err(|source| write_error(to, source))?;
            return Ok(read_idx(to)?.shape().to_vec());
        }
        Form::Named => from_named(bytes, target)?,
        Form::Uci(names) => from_uci(bytes, names)?,
    };
    fs::write(to, &csv.text).map_err(|source| write_error(to, source))?;
    Ok(vec![csv.n_rows, csv.n_columns])
}

struct Csv {
    text: Vec<u8>,
    n_rows: usize,
    n_columns: usize,
}

/// Moves the target to the end, and leaves out a first column without a name, which numbers the rows.
fn from_named(bytes: &[u8], target: Option<&str>) -> Result<Csv, Error> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let names = reader.headers().map_err(bad_table)?.clone();
    let is_target = |&column: &usize| names.get(column) == target;
    let is_named = |&column: &usize| !names[column].is_empty();
    let columns = (0..names.len()).filter(|column| is_named(column) && !is_target(column));
    let order: Vec<usize> = columns.chain((0..names.len()).filter(is_target)).collect();
    written(&names, reader.records(), |row, cells| {
        cells.extend(order.iter().map(|&column| row[column].to_owned()));
    })
}

/// Takes spaces, comments and the full stop behind the last cell away.
fn from_uci(bytes: &[u8], names: &[&str]) -> Result<Csv, Error> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .trim(Trim::All)
        .comment(Some(b'|'))
        .from_reader(bytes);
    let names = StringRecord::from(names);
    written(&names, reader.records(), |row, cells| {
        cells.extend(row.iter().map(str::to_owned));
        if let Some(last) = cells.last_mut()
            && last.ends_with('.')
        {
            last.pop();
        }
    })
}

/// The names and all rows, each of the cells that `take` takes of it.
fn written(
    names: &StringRecord,
    rows: impl Iterator<Item = csv::Result<StringRecord>>,
    take: impl Fn(&StringRecord, &mut Vec<String>),
) -> Result<Csv, Error> {
    let mut writer = Writer::from_writer(Vec::new());
    let (mut cells, mut n_rows, mut n_columns) = (Vec::new(), 0, 0);
    let with_names = std::iter::once(Ok(names.clone())).chain(rows);
    for row in with_names {
        cells.clear();
        take(&row.map_err(bad_table)?, &mut cells);
        writer.write_record(&cells).map_err(bad_table)?;
        (n_rows, n_columns) = (n_rows + 1, cells.len());
    }
    let text = writer.into_inner().map_err(|error| Error::BadTable {
        line: 0,
        reason: error.to_string(),
    })?;
    Ok(Csv {
        text,
        n_rows: n_rows - 1,
        n_columns,
    })
}

/// No file with a known checksum is one.
fn bad_table(error: csv::Error) -> Error {
    Error::BadTable {
        line: error.position().map_or(1, csv::Position::line),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(csv: Result<Csv, Error>) -> (String, [usize; 2]) {
        let csv = csv.unwrap();
        (
            String::from_utf8(csv.text).unwrap(),
            [csv.n_rows, csv.n_columns],
        )
    }

    #[test]
    fn the_target_comes_last_and_the_numbers_of_rows_go() {
        let table = ",\"price\",\"town\"\n1,5.5,\"Ulm, old\"\n2,NA,Bonn\n";
        let (text, shape) = text(from_named(table.as_bytes(), Some("price")));
        assert_eq!(text, "town,price\n\"Ulm, old\",5.5\nBonn,NA\n");
        assert_eq!(shape, [2, 2]);
    }

    #[test]
    fn tables_of_uci_get_names_and_lose_their_oddities() {
        let table = "|1x3 Cross validator\n25, Private, ?, <=50K.\n38, State-gov, U.S., >50K\n\n";
        let (text, shape) = text(from_uci(
            table.as_bytes(),
            &["age", "class", "country", "income"],
        ));
        assert_eq!(
            text,
            "age,class,country,income\n25,Private,?,<=50K\n38,State-gov,U.S.,>50K\n"
        );
        assert_eq!(shape, [2, 4]);
    }
}
