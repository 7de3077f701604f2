//! Axes: from values to places, and the ticks between.

/// One axis of a picture: linear, or logarithmic with base 10.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Default for Axis {
    fn default() -> Self {
        Self::spanning(0.0, 1.0)
    }
}

impl Axis {
    /// An axis that holds all finite `values`: logarithmic when they are positive and the largest
    /// is at least `log_from` times the smallest.
    pub(crate) fn holding(values: impl IntoIterator<Item = f64>, log_from: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return Self {
                low: 0.0,
                high: 1.0,
                logarithmic: false,
            };
        }
        if low > 0.0 && high > low && high >= log_from * low {
            return Self {
                low,
                high,
                logarithmic: true,
            };
        }
        // A little air, and a width even when all values are the same.
        let air = 0.04 * (high - low)
            + if high > low {
                0.0
            } else {
                low.abs().max(1.0) * 0.1
            };
        let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        Self {
            low: (low - air).max(floor),
            high: high + air,
            logarithmic: false,
        }
    }

    /// A linear axis from one value to another.
    pub(crate) fn spanning(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            logarithmic: false,
        }
    }

    /// Where a value lies, from 0 at the axis' beginning to 1 at its end; what lies outside is put
    /// at the nearer end. `None` for what is not a number.
    pub(crate) fn place(&self, value: f64) -> Option<f64> {
        let (low, high) = (self.scale(self.low), self.scale(self.high));
        let value = if self.logarithmic && value <= 0.0 {
            low
        } else {
            self.scale(value)
        };
        (!value.is_nan()).then(|| ((value - low) / (high - low)).clamp(0.0, 1.0))
    }

    /// Its ends.
    pub(crate) fn span(&self) -> [f64; 2] {
        [self.low, self.high]
    }

    /// Its ends and its kind, for a script: `0.01 10 log`.
    pub(crate) fn ends(&self) -> String {
        let kind = if self.logarithmic { "log" } else { "linear" };
        format!("{:e} {:e} {kind}", self.low, self.high)
    }

    /// Whether a value lies beyond the axis' upper end.
    pub(crate) fn is_above(&self, value: f64) -> bool {
        value > self.high
    }

    /// Round values for ticks, about `wanted` of them, never more than twice that.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<f64> {
        if self.logarithmic {
            self.logarithmic_ticks(wanted)
        } else {
            self.linear_ticks(wanted)
        }
    }

    fn scale(&self, value: f64) -> f64 {
        if self.logarithmic {
            value.log10()
        } else {
            value
        }
    }

    fn linear_ticks(&self, wanted: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|digit| digit * decade)
            .into_iter()
            .find(|step| *step >= rough)
            .unwrap_or(10.0 * decade);
        let (first, last) = (
            (self.low / step).ceil() as i64,
            (self.high / step).floor() as i64,
        );
        (first..=last)
            .map(|multiple| multiple as f64 * step)
            .collect()
    }

    fn logarithmic_ticks(&self, wanted: usize) -> Vec<f64> {
        let decades = self.high.log10() - self.low.log10();
        let first = self.low.log10().floor() as i32;
        let last = self.high.log10().ceil() as i32;
        let inside = |value: &f64| {
            // Decimal powers are rounded numbers: an end that is one must not lose its tick.
            *value >= self.low * (1.0 - 1e-9) && *value <= self.high * (1.0 + 1e-9)
        };
        let every = (decades / wanted as f64).ceil().max(1.0) as usize;
        let digits: &[f64] = if decades < 0.7 {
            // Within one decade, round steps of an ordinary axis are denser and easier to read.
            return self.linear_ticks(wanted);
        } else if decades < wanted as f64 / 3.0 {
            &[1.0, 2.0, 5.0]
        } else if decades < wanted as f64 / 2.0 {
            &[1.0, 3.0]
        } else {
            &[1.0]
        };
        (first..=last)
            .filter(|power| power.rem_euclid(every as i32) == 0)
            .flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)))
            .filter(inside)
            .collect()
    }
}

/// A tick's label: `0.001`, `0.5`, `20`, `3k`, `1M`; powers of ten beyond that.
pub(crate) fn tick_label(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".into();
    }
    // Up to three digits, then without trailing zeros; the ticks' own rounding error is far below.
    let plain = |value: f64, unit: &str| {
        let text = format!("{value:.4}");
        format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    let scientific = || {
        let text = format!("{value:.3e}");
        match text.split_once('e') {
            Some((digits, power)) => {
                let digits = digits.trim_end_matches('0').trim_end_matches('.');
                format!("{digits}e{power}")
            }
            None => text,
        }
    };
    match magnitude {
        1e9.. => scientific(),
        1e6.. => plain(value / 1e6, "M"),
        1e4.. => plain(value / 1e3, "k"),
        1e-3.. => plain(value, ""),
        _ => scientific(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neighbouring_ticks_of_any_size_have_different_labels() {
        for (value, label) in [
            (1e-4, "1e-4"),
            (1.2e-4, "1.2e-4"),
            (-2.5e-7, "-2.5e-7"),
            (1.5e9, "1.5e9"),
            (0.002, "0.002"),
        ] {
            assert_eq!(tick_label(value), label);
        }
    }

    #[test]
    fn places_on_both_kinds_of_axis() {
        let log = Axis::holding([1.0, 100.0], 10.0);
        assert_eq!(log.place(10.0), Some(0.5));
        assert_eq!(log.place(0.0), Some(0.0), "zero is at the beginning");
        assert_eq!(log.place(1e9), Some(1.0));
        assert_eq!(log.place(f64::NAN), None);
        let linear = Axis::holding([0.0, 100.0], 10.0);
        assert!((linear.place(50.0).expect("a place") - 0.5).abs() < 0.02);
    }

    #[test]
    fn ticks_are_round() {
        let labels = |axis: &Axis, wanted| {
            axis.ticks(wanted)
                .into_iter()
                .map(tick_label)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            labels(&Axis::holding([1.0, 10_000.0], 10.0), 6),
            "1 10 100 1000 10k"
        );
        assert_eq!(
            labels(&Axis::holding([0.001, 0.2], 10.0), 5),
            "0.001 0.003 0.01 0.03 0.1"
        );
        assert_eq!(
            labels(&Axis::holding([0.08, 2.0], 10.0), 5),
            "0.1 0.2 0.5 1 2"
        );
        assert_eq!(
            labels(&Axis::holding([1e-9, 1e9], 10.0), 5),
            "1e-8 1e-4 1 10k 100M"
        );
        assert_eq!(labels(&Axis::holding([0.0, 1.0], 10.0), 5), "0 0.5 1");
        assert_eq!(labels(&Axis::holding([], 10.0), 5), "0 0.2 0.4 0.6 0.8 1");
    }

    proptest! {
        #[test]
        fn any_values_give_a_usable_axis(
            values in prop::collection::vec(-1e12..1e12f64, 0..5), wanted in 3usize..8,
        ) {
            for sign in [1.0, -1.0, 0.0] {
                let values: Vec<f64> = values.iter().map(|value| value.abs() * sign).collect();
                let axis = Axis::holding(values.iter().copied(), 10.0);
                for value in values {
                    let place = axis.place(value).expect("a place");
                    prop_assert!((0.0..=1.0).contains(&place));
                }
                let ticks = axis.ticks(wanted);
                prop_assert!(ticks.len() <= 2 * wanted + 1, "{:?}", ticks);
            }
        }
    }
}
