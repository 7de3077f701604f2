//! A claim's result in words: the unit of its effect, and a sentence.

use super::definition::{Axis, Claim, Measure};
use super::runs::Extent;
use crate::statistics::{Bound, Comparison};

/// What the effect's numbers are, in full.
pub(super) fn unit(claim: &Claim, axis: Axis, metric: &str) -> String {
    let (first, second) = (&claim.first.name, &claim.second.name);
    match claim.measure {
        Measure::TrainingLossRatio => format!("ratio of training losses, {first} / {second}"),
        Measure::TrainingLossDifference => {
            format!("training loss in units of a constant's, {first} - {second}")
        }
        Measure::TimeToTarget => {
            format!("ratio of {} to the target, {first} / {second}", axis.name())
        }
        Measure::TestLossRatio => format!("ratio of test losses, {first} / {second}"),
        Measure::TestErrorDifference => {
            format!("difference of 1 - test {metric}, {first} - {second}")
        }
        Measure::RightEpochs => format!("ratio of the right epochs, {first} / {second}"),
    }
}

/// The claim's result as a sentence with its numbers.
pub(super) fn statement(
    claim: &Claim,
    axis: Axis,
    extent: Option<&Extent>,
    target: f64,
    comparison: &Comparison,
) -> String {
    let (first, second) = (&claim.first.name, &claim.second.name);
    if comparison.bound == Bound::Unknown {
        return format!(
            "Under {}, {first} and {second} cannot be told apart: of both there are runs that count as \"at least\", \
             {} of {} pairs in all.",
            axis.name(),
            comparison.censored,
            comparison.pairs
        );
    }
    let effect = effect_in_words(comparison);
    let budget = match axis {
        Axis::BestEpoch => "At its best epoch".to_owned(),
        _ => extent.map_or_else(
            || format!("After the same {}", axis.name()),
            |extent| format!("After {extent}"),
        ),
    };
    match claim.measure {
        Measure::TrainingLossRatio => {
            format!("{budget}, the training loss of {first} is {effect} times that of {second}.")
        }
        Measure::TrainingLossDifference => format!(
            "{budget}, the training loss of {first} less that of {second} is {effect} of what there is to learn."
        ),
        Measure::TimeToTarget => format!(
            "To a training loss of {}, {first} takes {effect} times as many {} as {second}.",
            number(target),
            axis.name()
        ),
        Measure::TestLossRatio => {
            format!("{budget}, the test loss of {first} is {effect} times that of {second}.")
        }
        Measure::TestErrorDifference => {
            format!("{budget}, the test error of {first} less that of {second} is {effect}.")
        }
        Measure::RightEpochs => format!(
            "The fewest epochs that give nearly all are {effect} times as many with {first} as with {second}."
        ),
    }
}

/// Such as `at least 9.3 (6.1 to 14)`.
pub(super) fn effect_in_words(comparison: &Comparison) -> String {
    let interval = &comparison.interval;
    let bound = match comparison.bound {
        Bound::AtLeast => "at least ",
        Bound::AtMost => "at most ",
        _ => "",
    };
    let estimate = interval
        .estimate
        .map_or_else(|| "an unknown number of".into(), number);
    let end = |value: f64, open: &str| {
        if value.is_finite() {
            number(value)
        } else {
            open.into()
        }
    };
    format!(
        "{bound}{estimate} ({} to {})",
        end(interval.low, "anything"),
        end(interval.high, "any number")
    )
}

/// A number with three significant digits.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let decimals = 2 - value.abs().log10().floor() as i32;
    match decimals {
        ..=-4 => format!("{value:.2e}"),
        -3..=0 => format!("{value:.0}"),
        1..=6 => format!("{value:.*}", decimals as usize),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (9.3333, "9.33"),
            (0.012_345, "0.0123"),
            (123.4, "123"),
            (1234.0, "1234"),
            (-0.5, "-0.500"),
            (1.5e7, "1.50e7"),
            (1.5e-7, "1.50e-7"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
