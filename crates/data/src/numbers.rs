//! How a column writes its numbers: decimal points or commas, thousands, percent and currency.

mod signs;

use serde::{Deserialize, Serialize};

use signs::without_signs;
pub(crate) use signs::{CURRENCIES, Currency, Signs};

/// Decimal and thousands separators, in the order in which they are preferred where the table says nothing else.
const SEPARATORS: [(char, Option<char>); 8] = [
    ('.', None),
    (',', None),
    ('.', Some(',')),
    (',', Some('.')),
    ('.', Some(' ')),
    (',', Some(' ')),
    ('.', Some('\'')),
    (',', Some('\'')),
];
/// The formats with a decimal point, as bits.
const POINTS: u8 = 0b0101_0101;
/// Every format.
const ALL: u8 = 0xff;
/// How the numbers of a column are written. `5 %` is 5 and `$5` is 5: signs are units. `(5)` is −5, as accountants write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberFormat {
    decimal: char,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thousands: Option<char>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    percent: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    currency: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    parentheses: bool,
}

impl Default for NumberFormat {
    fn default() -> Self {
        Self::of(0, Signs::default())
    }
}

/// In which formats a cell is a number, and with which signs it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// A bit for each format.
    pub(crate) formats: u8,
    pub(crate) signs: Signs,
}

impl Shape {
    /// A number in no format.
    const NONE: Self = Self {
        formats: 0,
        signs: Signs {
            percent: false,
            currency: None,
            parentheses: false,
        },
    };

    pub(crate) fn of(cell: &str) -> Self {
        let formats = plain(cell.as_bytes());
        if formats != 0 {
            return Self {
                formats,
                ..Self::NONE
            };
        }
        // Most texts end here.
        if !cell.contains(|c: char| c.is_ascii_digit()) {
            let formats = if is_infinite(cell) { ALL } else { 0 };
            return Self {
                formats,
                ..Self::NONE
            };
        }
        let (body, signs) = without_signs(cell);
        let mut shape = Self { formats: 0, signs };
        for (at, separators) in SEPARATORS.into_iter().enumerate() {
            if separated(&body, separators).is_some() {
                shape.formats |= 1 << at;
            }
        }
        if shape.formats == 0 {
            Self::NONE
        } else {
            shape
        }
    }

    /// The cell's number with decimal points and with decimal commas, where it is one.
    pub(crate) fn values(self, cell: &str) -> [Option<f64>; 2] {
        match self.formats {
            0 => [None; 2],
            ALL => {
                let value = self.with(0).parse(cell);
                [value, value]
            }
            POINTS => [self.with(0).parse(cell), None],
            formats => [formats & POINTS, formats & !POINTS].map(|formats| {
                (formats != 0)
                    .then(|| self.with(formats.trailing_zeros() as usize).parse(cell))
                    .flatten()
            }),
        }
    }

    fn with(self, at: usize) -> NumberFormat {
        NumberFormat::of(at, self.signs)
    }

    /// Whether a decimal separator that is no thousands separator shows in it: a point (`Some(true)`) or a comma.
    pub(crate) fn evidence(formats: u8) -> Option<bool> {
        match (formats & POINTS, formats & !POINTS) {
            (0, 0) => None,
            (_, 0) => Some(true),
            (0, _) => Some(false),
            _ => None,
        }
    }

    /// Whether such a cell has a separator of decimals or thousands.
    pub(crate) fn is_separated(formats: u8) -> bool {
        formats != ALL
    }

    /// Whether the formats read such a cell differently: `1,234`.
    pub(crate) fn is_ambiguous(formats: u8) -> bool {
        formats != ALL && formats & POINTS != 0 && formats & !POINTS != 0
    }
}

/// What the other columns and the delimiter say of decimal commas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Other cells have decimal points, and none has a comma.
    Points,
    /// Other cells have decimal commas, and none has a point.
    Commas,
    /// Nothing is known; commas separate the cells.
    CommaSeparated,
    /// Nothing is known; something else separates the cells.
    OtherwiseSeparated,
}

impl NumberFormat {
    fn of(at: usize, signs: Signs) -> Self {
        let (decimal, thousands) = SEPARATORS[at];
        Self {
            decimal,
            thousands,
            percent: signs.percent,
            currency: signs.currency.is_some(),
            parentheses: signs.parentheses,
        }
    }

    /// The format that reads most cells; `shapes` has a bit set of formats with the number of cells for each. Also how many it
    /// reads.
    pub(crate) fn choose(shapes: &[(u8, u64)], habit: Habit, signs: Signs) -> (Self, u64) {
        let order: [usize; 8] = match habit {
            Habit::Points => [0, 2, 4, 6, 1, 3, 5, 7],
            Habit::Commas => [1, 3, 5, 7, 0, 2, 4, 6],
            Habit::CommaSeparated => [0, 2, 1, 3, 4, 5, 6, 7],
            Habit::OtherwiseSeparated => [0, 1, 2, 3, 4, 5, 6, 7],
        };
        let mut best = (0, None);
        for at in order {
            let reads: u64 = shapes
                .iter()
                .filter(|(formats, _)| formats & (1 << at) != 0)
                .map(|(_, count)| count)
                .sum();
            if best.1.is_none_or(|most| reads > most) {
                best = (at, Some(reads));
            }
        }
        (Self::of(best.0, signs), best.1.unwrap_or(0))
    }

    /// Whether this format reads cells of such a shape.
    pub(crate) fn reads(&self, formats: u8) -> bool {
        SEPARATORS
            .iter()
            .position(|separators| *separators == (self.decimal, self.thousands))
            .is_some_and(|at| formats & (1 << at) != 0)
    }

    /// Whether it is a format that this program knows.
    pub(crate) fn is_known(&self) -> bool {
        SEPARATORS.contains(&(self.decimal, self.thousands))
    }

    pub(crate) fn has_decimal_point(&self) -> bool {
        self.decimal == '.'
    }

    /// The number in a cell, infinite ones included.
    pub(crate) fn parse(&self, cell: &str) -> Option<f64> {
        if self.decimal == '.'
            && let Ok(value) = cell.parse::<f64>()
        {
            return if value.is_nan() { None } else { Some(value) };
        }
        if is_infinite(cell) {
            return cell.parse().ok();
        }
        let separators = (self.decimal, self.thousands);
        // Most cells end here.
        if let Some(value) = separated(cell, separators) {
            return Some(value);
        }
        let (body, signs) = without_signs(cell);
        let is_new = (signs.percent && !self.percent)
            || (signs.currency.is_some() && !self.currency)
            || (signs.parentheses && !self.parentheses);
        if is_new {
            return None;
        }
        separated(&body, separators)
    }

    /// What is special in it, for a reason: `decimal commas, currency signs`. Separators only if a cell has some.
    pub(crate) fn words(&self, separated: bool) -> Option<String> {
        let mut words = Vec::new();
        if separated && self.decimal == ',' {
            words.push("decimal commas".to_owned());
        }
        if let Some(mark) = self.thousands.filter(|_| separated) {
            words.push(match mark {
                ' ' => "spaces between thousands".to_owned(),
                ',' => "commas between thousands".to_owned(),
                '.' => "points between thousands".to_owned(),
                _ => "apostrophes between thousands".to_owned(),
            });
        }
        if self.percent {
            words.push("percent signs (5 % is 5)".to_owned());
        }
        if self.currency {
            words.push("currency signs".to_owned());
        }
        if self.parentheses {
            words.push("parentheses ((5) is -5)".to_owned());
        }
        if words.is_empty() {
            None
        } else {
            Some(words.join(", "))
        }
    }
}

/// The formats of a number of digits with at most one point; 0 for anything else.
fn plain(cell: &[u8]) -> u8 {
    let body = match cell {
        [b'-' | b'+', rest @ ..] => rest,
        all => all,
    };
    let mut point = None;
    for (at, byte) in body.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {}
            b'.' if point.is_none() => point = Some(at),
            _ => return 0,
        }
    }
    match point {
        None if body.is_empty() => 0,
        None => ALL,
        Some(_) if body.len() == 1 => 0,
        Some(before) => {
            let after = body.len() - before - 1;
            let thousands = after == 3 && (1..=3).contains(&before) && body[0] != b'0';
            if thousands { POINTS | 0b1000 } else { POINTS }
        }
    }
}

fn is_infinite(cell: &str) -> bool {
    let name = cell.trim_start_matches(['-', '+']);
    cell.len() <= name.len() + 1
        && (name.eq_ignore_ascii_case("inf") || name.eq_ignore_ascii_case("infinity"))
}

/// The number with these separators. Thousands stand in groups of three digits before the decimal separator.
fn separated(cell: &str, (decimal, thousands): (char, Option<char>)) -> Option<f64> {
    let (whole, rest) = match cell.find([decimal, 'e', 'E']) {
        Some(at) => cell.split_at(at),
        None => (cell, ""),
    };
    let mut text = String::with_capacity(cell.len());
    let digits = whole.trim_start_matches(['-', '+']);
    if whole.len() > digits.len() + 1 {
        return None;
    }
    text.push_str(&whole[..whole.len() - digits.len()]);
    let mut in_group = 0;
    let mut groups = 0;
    for c in digits.chars() {
        if c.is_ascii_digit() {
            text.push(c);
            in_group += 1;
        } else if thousands.is_some_and(|mark| is_mark(c, mark)) {
            let first_fits = groups > 0 || (1..=3).contains(&in_group);
            if !first_fits || (groups > 0 && in_group != 3) {
                return None;
            }
            groups += 1;
            in_group = 0;
        } else {
            return None;
        }
    }
    if groups > 0 && (in_group != 3 || digits.starts_with('0')) {
        return None;
    }
    match rest.strip_prefix(decimal) {
        Some(fraction) => {
            text.push('.');
            text.push_str(fraction);
        }
        None => text.push_str(rest),
    }
    if !text.contains(|c: char| c.is_ascii_digit()) || text.contains(|c: char| c.is_whitespace()) {
        return None;
    }
    text.parse().ok()
}

/// Whether this character is that thousands separator, of which some are written in several ways.
fn is_mark(c: char, mark: char) -> bool {
    match mark {
        ' ' => matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}'),
        '\'' => matches!(c, '\'' | '\u{2019}'),
        mark => c == mark,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[&str], habit: Habit) -> Vec<Option<f64>> {
        let shapes: Vec<Shape> = cells.iter().map(|cell| Shape::of(cell)).collect();
        let counts: Vec<(u8, u64)> = shapes.iter().map(|shape| (shape.formats, 1)).collect();
        let signs = Signs {
            percent: shapes.iter().any(|shape| shape.signs.percent),
            currency: shapes.iter().find_map(|shape| shape.signs.currency),
            parentheses: shapes.iter().any(|shape| shape.signs.parentheses),
        };
        let (format, reads) = NumberFormat::choose(&counts, habit, signs);
        let values: Vec<_> = cells.iter().map(|cell| format.parse(cell)).collect();
        let read = values.iter().flatten().count() as u64;
        assert_eq!(read, reads, "{cells:?}");
        values
    }

    #[test]
    fn formats_are_chosen_by_all_cells() {
        for (cells, values) in [
            (["1.5", "-2", "+3e2"], [1.5, -2.0, 300.0]),
            (["1,234.5", "12,345", "7"], [1234.5, 12345.0, 7.0]),
            (["1.234,5", "12.345", "7"], [1234.5, 12345.0, 7.0]),
            (["1 234,5", "12\u{a0}345", "7"], [1234.5, 12345.0, 7.0]),
            (["1'234.5", "12\u{2019}345", "7"], [1234.5, 12345.0, 7.0]),
            (["0,5", "-1,25", "1,5e3"], [0.5, -1.25, 1500.0]),
            (["5 %", "7%", "0.5 %"], [5.0, 7.0, 0.5]),
            (["$1,200.50", "-$3", "€ 4"], [1200.5, -3.0, 4.0]),
            (["1.200,50 €", "3 EUR", "4"], [1200.5, 3.0, 4.0]),
            ([".5", "5.", "-.25"], [0.5, 5.0, -0.25]),
            (["(1,234.50)", "7.5", "( 3 )"], [-1234.5, 7.5, -3.0]),
            (["($1,234.50)", "$(7.5)", "(3) €"], [-1234.5, -7.5, -3.0]),
            (["(5 %)", "(5)%", "1"], [-5.0, -5.0, 1.0]),
            (
                ["\u{2212}1.5", "\u{2212}2", "1e\u{2212}1"],
                [-1.5, -2.0, 0.1],
            ),
            (["$\u{2212}3", "\u{2212}$3", "4"], [-3.0, -3.0, 4.0]),
            (
                ["1\u{a0}234.5", "12\u{2009}345", "1\u{202f}234\u{202f}567"],
                [1234.5, 12345.0, 1_234_567.0],
            ),
        ] {
            for habit in [Habit::CommaSeparated, Habit::OtherwiseSeparated] {
                assert_eq!(read(&cells, habit), values.map(Some), "{cells:?}");
            }
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_follows_the_table() {
        for (habit, value) in [
            (Habit::CommaSeparated, 1234.0),
            (Habit::Points, 1234.0),
            (Habit::OtherwiseSeparated, 1.234),
            (Habit::Commas, 1.234),
        ] {
            assert_eq!(read(&["1,234"], habit), [Some(value)], "{habit:?}");
        }
        assert_eq!(read(&["1.234"], Habit::OtherwiseSeparated), [Some(1.234)]);
        assert_eq!(read(&["1.234"], Habit::Commas), [Some(1234.0)]);
        assert!(Shape::is_ambiguous(Shape::of("1,234").formats));
        assert!(!Shape::is_ambiguous(Shape::of("1234").formats));
        assert_eq!(Shape::evidence(Shape::of("0,5").formats), Some(false));
        assert_eq!(Shape::evidence(Shape::of("0.500").formats), Some(true));
    }

    #[test]
    fn currencies_are_told_apart() {
        let name = |cell: &str| {
            Shape::of(cell)
                .signs
                .currency
                .map(|c| Currency::name(c.place()))
        };
        for (cell, currency) in [
            ("€ 5", "€"),
            ("5 EUR", "€"),
            ("USD5", "$"),
            ("(£5)", "£"),
            ("CHF 5", "CHF"),
            ("5 DKK", "DKK"),
        ] {
            assert_eq!(name(cell).as_deref(), Some(currency), "{cell}");
        }
        assert_eq!(name("5"), None);
    }

    #[test]
    fn texts_are_no_numbers() {
        for cell in [
            "",
            "-",
            ".",
            "a",
            "1a",
            "12-3",
            "1 2",
            "01.03.2024",
            "1,2,3",
            "--1",
            "nan",
            "5 kg",
            "1..2",
            "% 5",
            "e5",
            "$",
            "%",
            "1e",
            "1,23,456",
            "- 5 -",
            "-(5)",
            "(-5)",
            "((5))",
            "(5",
            "5)",
            "()",
            "(a)",
            "\u{2212}",
        ] {
            assert_eq!(Shape::of(cell).formats, 0, "{cell:?}");
            assert_eq!(NumberFormat::default().parse(cell), None, "{cell:?}");
        }
        assert_eq!(NumberFormat::default().parse("5 %"), None);
        assert_eq!(NumberFormat::default().parse("(5)"), None);
        assert_eq!(NumberFormat::default().parse("\u{2212}5"), Some(-5.0));
        assert_eq!(
            NumberFormat::default().parse("-inf"),
            Some(f64::NEG_INFINITY)
        );
    }
}
