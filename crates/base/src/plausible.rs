//! How far a number lies outside the range of the training rows.

use crate::limits::MOST_WIDTHS_OUTSIDE;

/// Where a number lies, seen from the least and the largest of the training rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plausibility {
    /// Not outside by more than the range is wide.
    Usual,
    /// Further: what is predicted of it was not learned, which is worth a warning.
    Far,
    /// Plausibility [`admitted`]: a mistake, of which nothing is predicted.
    Absurd,
}

impl Plausibility {
    /// Where `number` lies. A range without a width does not know what is far.
    pub fn of(number: f64, range: [f64; 2]) -> Self {
        let is_within = |[least, largest]: [f64; 2]| (least..=largest).contains(&number);
        let width = range[1] - range[0];
        if !is_within(admitted(range)) {
            Self::Absurd
        } else if width > 0.0 && !is_within(widened(range, width)) {
            Self::Far
        } else {
            Self::Usual
        }
    }
}

/// The least and the largest number of which something is predicted: [`MOST_WIDTHS_OUTSIDE`] times the width of the range around it. A
/// range of one number is taken to be as wide as that is large.
pub fn admitted(range: [f64; 2]) -> [f64; 2] {
    let width = range[1] - range[0];
    let width = if width > 0.0 { width } else { range[0].abs() };
    if width > 0.0 {
        widened(range, f64::from(MOST_WIDTHS_OUTSIDE) * width)
    } else {
        [f64::NEG_INFINITY, f64::INFINITY]
    }
}

fn widened([least, largest]: [f64; 2], by: f64) -> [f64; 2] {
    [least - by, largest + by]
}

#[cfg(test)]
mod tests {
    use super::{Plausibility, admitted};

    #[test]
    fn a_number_is_usual_far_or_absurd() {
        let of = |number| Plausibility::of(number, [2.0, 6.0]);
        for number in [2.0, 6.0, -2.0, 10.0] {
            assert_eq!(of(number), Plausibility::Usual, "{number}");
        }
        for number in [-2.1, 10.1, 4_000_006.0, -3_999_998.0] {
            assert_eq!(of(number), Plausibility::Far, "{number}");
        }
        for number in [4_000_006.1, -3_999_998.1, 1e308, -1e308] {
            assert_eq!(of(number), Plausibility::Absurd, "{number}");
        }
    }

    #[test]
    fn what_knows_no_width_is_lenient() {
        assert_eq!(Plausibility::of(4e6, [5.0, 5.0]), Plausibility::Usual);
        assert_eq!(Plausibility::of(6e6, [5.0, 5.0]), Plausibility::Absurd);
        assert_eq!(Plausibility::of(1e308, [0.0, 0.0]), Plausibility::Usual);
        // Wider than numbers are.
        let widest = [-f64::MAX, f64::MAX];
        assert_eq!(admitted(widest), [f64::NEG_INFINITY, f64::INFINITY]);
        assert_eq!(Plausibility::of(1e308, widest), Plausibility::Usual);
    }
}
