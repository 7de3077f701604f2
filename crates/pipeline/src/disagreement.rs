//! From the errors of a committee's members on rows that they did not see to those of the committee.

use smallbatch_data::{Folds, Frame};

use crate::Error;
use crate::cross::CrossFit;

/// Rows on which the members differ alike are corrected alike: in so many groups,
const GROUPS: usize = 10;
/// of so many rows at least.
const FEWEST: usize = 50;

/// Shrinks the errors of rows held out, in the order of the frame, which are those of the mean of the R members that did not see the row
/// (one in each round), to what the mean of all M members would have made of rows that none of them saw.
///
/// Of a squared error the members' own part is v/R, where v is the variance between members; of all M it is v/M. So rows with like v have
/// their errors multiplied by √(1 − (1/R − 1/M)·Σv/Σe²). v is that of the members that did see the row: they differ less on it than on new
/// rows, and the errors stay a little too large rather than too small.
pub(crate) fn shrink(
    errors: &mut [f64],
    frame: &Frame,
    rounds: &[(&Folds, &CrossFit)],
) -> Result<(), Error> {
    let n_members: usize = rounds.iter().map(|(_, cross)| cross.members().len()).sum();
    if n_members <= rounds.len() {
        return Ok(());
    }
    let share = 1.0 / rounds.len() as f64 - 1.0 / n_members as f64;
    shrink_alike(errors, &variances(frame, rounds)?, share);
    Ok(())
}

fn shrink_alike(errors: &mut [f64], variances: &[f64], share: f64) {
    let mut order: Vec<usize> = (0..errors.len()).collect();
    order.sort_by(|&a, &b| variances[a].total_cmp(&variances[b]));
    for group in order.chunks(errors.len().div_ceil(GROUPS).max(FEWEST)) {
        let squares: f64 = group.iter().map(|&row| errors[row] * errors[row]).sum();
        let between: f64 = group.iter().map(|&row| variances[row]).sum();
        if squares > 0.0 {
            let factor = (1.0 - share * between / squares).max(0.0).sqrt();
            group.iter().for_each(|&row| errors[row] *= factor);
        }
    }
}

/// The variance between the predictions of a row by the members that saw it.
fn variances(frame: &Frame, rounds: &[(&Folds, &CrossFit)]) -> Result<Vec<f64>, Error> {
    // By Welford: count, mean, squared differences from it.
    let mut seen = vec![(0.0, 0.0, 0.0); frame.n_rows()];
    for (folds, cross) in rounds {
        for (fold, member) in cross.members().iter().enumerate() {
            let training = folds.rows(fold).0;
            let predictions = member.predict(&frame.select(&training))?;
            for (&row, &prediction) in training.iter().zip(&predictions) {
                let (count, mean, squares) = &mut seen[row];
                *count += 1.0;
                let before = prediction - *mean;
                *mean += before / *count;
                *squares += before * (prediction - *mean);
            }
        }
    }
    let variance = |(count, _, squares): (f64, f64, f64)| squares / (count - 1.0_f64).max(1.0);
    Ok(seen.into_iter().map(variance).collect())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// What 90 % of these are smaller than.
    fn quantile(errors: impl Iterator<Item = f64>) -> f64 {
        let mut errors: Vec<f64> = errors.map(f64::abs).collect();
        errors.sort_by(f64::total_cmp);
        errors[errors.len() * 9 / 10]
    }

    #[test]
    fn errors_of_members_become_those_of_the_committee() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut normal = move || -> f64 { StandardNormal.sample(&mut random) };
        let (n, m) = (20_000, 5);
        let (mut of_one, mut of_all, mut variances) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..n {
            // Errors that all share, and as large ones of each member; of every other row ten times as large.
            let size = if row % 2 == 0 { 1.0 } else { 10.0 };
            let shared = size * normal();
            let own: Vec<f64> = (0..m).map(|_| size * normal()).collect();
            of_one.push(shared + own[0]);
            of_all.push(shared + own.iter().sum::<f64>() / m as f64);
            let mean = own[1..].iter().sum::<f64>() / (m - 1) as f64;
            let squares = own[1..].iter().map(|x| (x - mean) * (x - mean));
            variances.push(squares.sum::<f64>() / (m - 2) as f64);
        }
        let wanted = quantile(of_all.into_iter());
        assert!(quantile(of_one.iter().copied()) > 1.25 * wanted);
        shrink_alike(&mut of_one, &variances, 1.0 - 1.0 / m as f64);
        let ratio = quantile(of_one.into_iter()) / wanted;
        assert!((0.97..1.03).contains(&ratio), "{ratio}");
    }

    #[test]
    fn members_that_agree_and_errors_of_0_change_nothing() {
        let mut errors = vec![1.0, -2.0, 0.0];
        shrink_alike(&mut errors, &[0.0; 3], 0.8);
        assert_eq!(errors, [1.0, -2.0, 0.0]);
        let mut errors = vec![0.0; 60];
        shrink_alike(&mut errors, &[1.0; 60], 0.8);
        assert_eq!(errors, [0.0; 60]);
    }
}
