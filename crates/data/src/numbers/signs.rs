//! What is written around the digits of a number: percent, currencies, parentheses, a minus.

/// Signs of currencies.
const SIGNS: [char; 12] = ['€', '$', '£', '¥', '₹', '₽', '₩', '₺', '₪', '₫', '฿', '₴'];
/// Codes of currencies.
const CODES: [&str; 9] = [
    "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "SEK", "NOK", "DKK",
];

/// How many currencies are told apart.
pub(crate) const CURRENCIES: usize = SIGNS.len() + CODES.len();
/// The codes that mean the same as a sign.
const SAME: [(&str, char); 4] = [("EUR", '€'), ("USD", '$'), ("GBP", '£'), ("JPY", '¥')];

/// A currency, by its place among the signs and codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Currency(usize);

impl Currency {
    /// That of a sign, or of what stands at a place of the codes.
    fn of_sign(sign: char) -> Option<Self> {
        SIGNS.iter().position(|known| *known == sign).map(Self)
    }

    fn of_code(at: usize) -> Self {
        let sign = SAME.iter().find(|(code, _)| *code == CODES[at]);
        let same = sign.and_then(|(_, sign)| Self::of_sign(*sign));
        same.unwrap_or(Self(SIGNS.len() + at))
    }

    /// That at a place below [`CURRENCIES`].
    pub(crate) fn at(place: usize) -> Self {
        Self(place)
    }

    /// Its place, below [`CURRENCIES`].
    pub(crate) fn place(self) -> usize {
        self.0
    }

    /// The currency at a place, as it is written.
    pub(crate) fn name(place: usize) -> String {
        match SIGNS.get(place) {
            Some(sign) => sign.to_string(),
            None => CODES[place - SIGNS.len()].to_owned(),
        }
    }
}

/// What is written around the digits of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    pub(crate) percent: bool,
    pub(crate) currency: Option<Currency>,
    /// `(5)`, which is −5.
    pub(crate) parentheses: bool,
}

/// The cell without what is written around its digits, and what that was. A minus may be the one of Unicode.
pub(super) fn without_signs(cell: &str) -> (String, Signs) {
    let cell = cell.replace('\u{2212}', "-");
    let (sign, rest) = match cell.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", cell.strip_prefix('+').unwrap_or(&cell)),
    };
    let mut signs = Signs::default();
    let mut body = rest.trim();
    loop {
        let before = body.len();
        let inner = body.strip_prefix('(').and_then(|b| b.strip_suffix(')'));
        if let Some(inner) = inner.filter(|_| !signs.parentheses) {
            signs.parentheses = true;
            body = inner.trim();
        }
        for (at, code) in CODES.into_iter().enumerate() {
            let without = body.strip_prefix(code).unwrap_or(body);
            let without = without.strip_suffix(code).unwrap_or(without);
            if without.len() < body.len() {
                signs.currency.get_or_insert(Currency::of_code(at));
                body = without.trim();
            }
        }
        let first = body.chars().next().and_then(Currency::of_sign);
        let last = body.chars().next_back().and_then(Currency::of_sign);
        if let Some(currency) = first.or(last) {
            signs.currency.get_or_insert(currency);
            body = body.trim_matches(SIGNS).trim();
        }
        if let Some(without) = body.strip_suffix('%').filter(|_| !signs.percent) {
            signs.percent = true;
            body = without.trim();
        }
        if body.len() == before {
            break;
        }
    }
    let negative = if signs.parentheses { "-" } else { "" };
    (format!("{sign}{negative}{body}"), signs)
}
