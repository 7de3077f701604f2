//! Numbers in messages.

use core::fmt;

/// A number for a message: as it is, or in scientific form where that would be a row of zeros (`1e300`, not 301 digits).
///
/// ```
/// use smallbatch_base::Number;
///
/// assert_eq!(format!("{}, {}, {}", Number(0.1), Number(1e300), Number(-2.5e-9)), "0.1, 1e300, -2.5e-9");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.abs();
        let is_ordinary = (1e-5..1e16).contains(&magnitude) || magnitude == 0.0;
        if is_ordinary || !magnitude.is_finite() {
            fmt::Display::fmt(&self.0, f)
        } else {
            fmt::LowerExp::fmt(&self.0, f)
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::Number;

    #[test]
    fn no_number_is_long() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (1e-5, "0.00001"),
            (9e-6, "9e-6"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (1e16, "1e16"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::MIN, "-1.7976931348623157e308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(Number(value).to_string(), text);
        }
    }
}
