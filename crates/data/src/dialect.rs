//! How a table is written: what separates cells, what stands above the header, and whether there is one.

use crate::numbers::Shape;

/// What may separate cells; of those that fit equally well, the first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// So many lines are looked at.
const LINES: usize = 50;

/// How a table is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// Bytes before the header, or before the first row if there is none.
    pub(crate) skipped: usize,
    /// The lines in them.
    pub(crate) skipped_lines: u64,
    pub(crate) has_header: bool,
    /// What was found that is not plain.
    pub(crate) notes: Vec<String>,
}

impl Dialect {
    /// Reads it off the beginning of a table.
    pub(crate) fn of(head: &[u8]) -> Self {
        let mut dialect = Self {
            delimiter: b',',
            skipped: 0,
            skipped_lines: 0,
            has_header: true,
            notes: Vec::new(),
        };
        let said = dialect.skip_what_is_said(head);
        let comment = dialect.skip_comments(head);
        let body = &head[dialect.skipped..];
        dialect.delimiter = said.unwrap_or_else(|| delimiter(body));
        let [first, second] = first_two(body, dialect.delimiter);
        // A header may be written as a comment: `# a,b,y`.
        let is_number = |cell: &String| Shape::of(cell).formats != 0;
        if let Some(from) = comment {
            let marked = head[from..dialect.skipped].trim_ascii_start();
            let from = dialect.skipped - marked.len() + 1;
            let [names, _] = first_two(&head[from..], dialect.delimiter);
            let fits = names.len() == first.len() && names.len() > 1;
            if fits && first.iter().any(is_number) && !names.iter().any(is_number) {
                dialect.skipped = from;
                dialect.skipped_lines -= 1;
                dialect.notes = vec!["the header is a comment".to_owned()];
                return dialect;
            }
        }
        if second.is_empty() || !is_row(&first, &second) {
            return dialect;
        }
        dialect.has_header = false;
        dialect.notes.push(format!(
            "the first line is numbers like those below, so that there is no header; the columns are called c0 to c{}",
            first.len() - 1
        ));
        dialect
    }

    /// `sep=;`, as spreadsheets write it.
    fn skip_what_is_said(&mut self, head: &[u8]) -> Option<u8> {
        let end = line_end(head);
        let line = head[..end].trim_ascii();
        let rest = line
            .get(..4)
            .filter(|key| key.eq_ignore_ascii_case(b"sep="));
        let (Some(_), [delimiter]) = (rest, line.get(4..)?) else {
            return None;
        };
        self.skipped = end;
        self.skipped_lines = 1;
        self.notes
            .push("the first line says what separates the cells".to_owned());
        Some(*delimiter)
    }

    /// Lines at the top that begin with `#`. Where the last of them begins.
    fn skip_comments(&mut self, head: &[u8]) -> Option<usize> {
        let mut last = None;
        let (mut at, mut lines, mut comments) = (self.skipped, 0, 0);
        loop {
            let end = at + line_end(&head[at..]);
            let line = head[at..end].trim_ascii();
            let is_comment = line.starts_with(b"#");
            // The last line may be the header, and empty lines are no comments.
            if end >= head.len() || !(is_comment || (line.is_empty() && end > at)) {
                break;
            }
            lines += 1;
            if is_comment {
                comments += 1;
                last = Some(at);
                self.skipped = end;
                self.skipped_lines += lines;
                lines = 0;
            }
            at = end;
        }
        if comments > 0 {
            self.notes.push(match comments {
                1 => "a comment above the header is skipped".to_owned(),
                many => format!("{many} comments above the header are skipped"),
            });
        }
        last
    }
}

/// Where the first line ends, its newline included.
fn line_end(text: &[u8]) -> usize {
    let newline = text.iter().position(|byte| *byte == b'\n');
    newline.map_or(text.len(), |at| at + 1)
}

/// What separates the cells: what most of the first lines have as often as the header, and it most often.
fn delimiter(body: &[u8]) -> u8 {
    let lines = counts(body);
    let Some(header) = lines.first() else {
        return DELIMITERS[0];
    };
    let mut best = (0, 0, DELIMITERS[0]);
    for (at, delimiter) in DELIMITERS.into_iter().enumerate() {
        let of_header = header[at];
        if of_header == 0 {
            continue;
        }
        let alike = lines.iter().filter(|line| line[at] == of_header).count();
        if (alike, of_header) > (best.0, best.1) {
            best = (alike, of_header, delimiter);
        }
    }
    best.2
}

/// How often each delimiter stands outside quotes in the first lines that are not empty.
fn counts(body: &[u8]) -> Vec<[usize; DELIMITERS.len()]> {
    let mut lines = Vec::new();
    let mut counts = [0; DELIMITERS.len()];
    let (mut quoted, mut is_empty) = (false, true);
    for byte in body.iter().chain(b"\n") {
        quoted ^= *byte == b'"';
        if *byte == b'\n' && !quoted {
            if !is_empty {
                lines.push(counts);
            }
            (counts, is_empty) = ([0; DELIMITERS.len()], true);
            if lines.len() == LINES {
                break;
            }
            continue;
        }
        is_empty &= byte.is_ascii_whitespace() && *byte != b'\t';
        if let Some(at) = DELIMITERS.iter().position(|d| d == byte)
            && !quoted
        {
            counts[at] += 1;
        }
    }
    lines
}

/// The first two rows; empty where there is none.
fn first_two(body: &[u8], delimiter: u8) -> [Vec<String>; 2] {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(body);
    let mut records = reader.byte_records();
    [(); 2].map(|()| {
        let record = records.next().and_then(Result::ok).unwrap_or_default();
        record
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
            .collect()
    })
}

/// Whether what stands in the place of a header is a row like the one below: numbers. Years and other numbers that count are
/// names.
fn is_row(first: &[String], second: &[String]) -> bool {
    let is_number = |cell: &String| Shape::of(cell).formats != 0;
    let numbers: Vec<&String> = first.iter().filter(|cell| is_number(cell)).collect();
    let alike = first.len() == second.len()
        && first
            .iter()
            .zip(second)
            .all(|(first, second)| !is_number(first) || is_number(second) || second.is_empty());
    if first.len() < 2 || !alike || 2 * numbers.len() < first.len() {
        return false;
    }
    let has_fraction = numbers.iter().any(|cell| cell.parse::<i64>().is_err());
    let counts = numbers
        .iter()
        .map(|cell| cell.parse::<i64>().ok())
        .collect::<Option<Vec<i64>>>()
        .is_some_and(|cells| cells.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let is_all = numbers.len() == first.len();
    (is_all && !counts) || has_fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Dialect {
        Dialect::of(text.as_bytes())
    }

    #[test]
    fn delimiters_are_counted_outside_quotes_and_over_lines() {
        for (text, delimiter) in [
            ("a,b,y\n1,2,3\n", b','),
            ("a;b;y\n1,5;2,5;3,5\n", b';'),
            ("a\tb\ty\n1\t2\t3\n", b'\t'),
            ("a|b|y\n1|2|3\n", b'|'),
            ("\"size, m2\";b;y\n1;2;3\n", b';'),
            ("size, m2; b, m; c, m; y\n1;2;3;4\n", b';'),
            ("a, b, c; y\n1,2;3\n1,5;4\n", b';'),
            ("\"a\nb;c;d;e\",y\n1,2\n", b','),
            ("y\n1\n", b','),
            ("", b','),
        ] {
            assert_eq!(of(text).delimiter, delimiter, "{text}");
        }
    }

    #[test]
    fn what_stands_above_the_header_is_skipped() {
        let said = of("sep=;\na,b;y\n1;2\n");
        assert_eq!(
            (said.delimiter, said.skipped, said.skipped_lines),
            (b';', 6, 1)
        );
        let commented = of("# made by a\n\n# program; of, old\na,y\n1,2\n");
        assert_eq!((commented.skipped, commented.skipped_lines), (32, 3));
        assert_eq!(commented.notes, ["2 comments above the header are skipped"]);
        let header = of("# a comment\n# a,y\n1,2.5\n3,4.5\n");
        assert!(header.has_header);
        assert_eq!((header.skipped, header.skipped_lines), (13, 1));
        let own = of("#,name,y\n1,a,2\n");
        assert_eq!((own.skipped, own.skipped_lines), (1, 0));
    }

    #[test]
    fn a_first_line_of_numbers_is_no_header() {
        for text in [
            "5.1,3.5,setosa\n4.9,3.0,setosa\n",
            "1,2,5\n3,4,6\n",
            "1.5;2.5\n3;4\n",
        ] {
            let dialect = of(text);
            assert!(!dialect.has_header, "{text}");
            assert!(
                dialect.notes[0].contains("called c0 to c"),
                "{:?}",
                dialect.notes
            );
        }
        for text in [
            "a,b\n1,2\n",
            "2019,2020,2021\n1,2,3\n",
            "0,1,2,3\n1,2,3,4\n",
            "a,1,b\n1,2,3\n",
            "1,5\n",
            "5\n6\n",
            "1,7\na,b\n",
        ] {
            assert!(of(text).has_header, "{text}");
        }
    }
}
