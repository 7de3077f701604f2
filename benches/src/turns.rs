//! Speeds that are compared: measured in turns, round after round, so that a machine whose speed changes changes it for all.

/// Something whose speed is measured: each visit says how many samples a second it got through.
pub type Visit<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// The speed of each, and what part it is of the first one's: medians over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// In samples a second.
    pub speed: f64,
    /// Of the first one's speed, in the same round.
    pub ratio: f64,
}

/// Visits all in each round, one after the other.
///
/// ```
/// use smallbatch_benches::turns::measure;
///
/// let speeds = measure(&mut [Box::new(|| 100.0), Box::new(|| 50.0)], 3);
/// assert_eq!((speeds[1].speed, speeds[1].ratio), (50.0, 0.5));
/// ```
pub fn measure(visits: &mut [Visit<'_>], rounds: usize) -> Vec<Speed> {
    let rounds: Vec<Vec<f64>> = (0..rounds)
        .map(|_| visits.iter_mut().map(|visit| visit()).collect())
        .collect();
    let median_of = |of: &dyn Fn(&Vec<f64>) -> f64| median(rounds.iter().map(of).collect());
    (0..visits.len())
        .map(|index| Speed {
            speed: median_of(&|round| round[index]),
            ratio: median_of(&|round| round[index] / round[0]),
        })
        .collect()
}

/// The middle one; of an even number the mean of the two in the middle. NaN of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.get(middle) {
        None => f64::NAN,
        Some(&upper) if values.len() % 2 == 1 => upper,
        Some(&upper) => (values[middle - 1] + upper) / 2.0,
    }
}

/// Says which rows of a table missed their goal, last.
pub fn summary(rows: &[(String, f64, f64)]) -> String {
    let missed: Vec<String> = rows
        .iter()
        .filter(|(_, ratio, goal)| ratio < goal)
        .map(|(name, ratio, goal)| format!("\n  {name}: {ratio:.2}, goal {goal}"))
        .collect();
    let met = rows.len() - missed.len();
    format!("{met} of {} goals met{}", rows.len(), missed.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_the_same_round() {
        let (mut slow, mut fast) = (0.0, 0.0);
        let speeds = measure(
            &mut [
                Box::new(|| {
                    slow += 1.0;
                    slow
                }),
                Box::new(|| {
                    fast += 2.0;
                    fast
                }),
            ],
            4,
        );
        assert_eq!((speeds[0].speed, speeds[1].speed), (2.5, 5.0));
        assert_eq!(speeds[1].ratio, 2.0);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn missed_goals_are_named() {
        let rows = [("a".to_owned(), 0.95, 0.9), ("b".to_owned(), 0.5, 0.9)];
        assert_eq!(summary(&rows), "1 of 2 goals met\n  b: 0.50, goal 0.9");
    }
}
