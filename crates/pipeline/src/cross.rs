//! A recipe tried on several folds: which look is best over all of them, and what each row's loss is.

use smallbatch_data::Folds;

use crate::course::Course;
use crate::member::Member;
use crate::recipe::Recipe;

/// A recipe with its trainings on some folds.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossFit {
    /// The recipe.
    pub recipe: Recipe,
    courses: Vec<Course>,
    rows: Vec<Vec<usize>>,
    /// The look at which the mean loss of all rows held out is lowest; `None` where a training diverged before its first look.
    best: Option<usize>,
}

impl CrossFit {
    /// The trainings on folds 0, 1, … in their order.
    ///
    /// One length is chosen for all folds, by the rows of all: so each fold's own rows have little say in it.
    pub fn new(recipe: Recipe, courses: Vec<Course>, folds: &Folds) -> Self {
        let rows = (0..courses.len()).map(|fold| folds.rows(fold).1).collect();
        let n_looks = courses.iter().map(|course| course.looks.len()).min();
        let mean = |look: &usize| {
            let (mut sum, mut count) = (0.0, 0);
            for course in &courses {
                let losses = &course.looks[*look].losses;
                sum += losses.iter().sum::<f64>();
                count += losses.len();
            }
            sum / count.max(1) as f64
        };
        let best = (0..n_looks.unwrap_or(0)).min_by(|a, b| mean(a).total_cmp(&mean(b)));
        Self {
            recipe,
            courses,
            rows,
            best,
        }
    }

    /// How many folds.
    pub fn n_folds(&self) -> usize {
        self.courses.len()
    }

    /// On how many folds the training ended with numbers that are not finite.
    pub fn n_diverged(&self) -> usize {
        self.courses.iter().filter(|course| course.diverged).count()
    }

    /// The mean loss of the rows held out; infinite where a training diverged.
    pub fn loss(&self) -> f64 {
        if self.n_diverged() > 0 {
            return f64::INFINITY;
        }
        let (mut sum, mut count) = (0.0, 0);
        for (_, loss) in self.row_losses() {
            sum += loss;
            count += 1;
        }
        if count > 0 {
            sum / f64::from(count)
        } else {
            f64::INFINITY
        }
    }

    /// Each row that was held out, with its loss.
    pub fn row_losses(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let looks = self.courses.iter().zip(&self.rows);
        looks.flat_map(|(course, rows)| {
            let losses = self.best.and_then(|best| course.looks.get(best));
            let losses = losses.map_or(&[][..], |look| &look.losses);
            rows.iter().copied().zip(losses.iter().copied())
        })
    }

    /// The mean loss of each fold's rows, at the best look.
    pub fn fold_losses(&self) -> Vec<f64> {
        let loss = |course: &Course| {
            let look = self.best.and_then(|best| course.looks.get(best));
            look.map_or(f64::INFINITY, crate::CourseLook::loss)
        };
        self.courses.iter().map(loss).collect()
    }

    /// The look that is best.
    pub(crate) fn best_look(&self) -> Option<usize> {
        self.best
    }

    /// The epoch that is best.
    pub fn epoch(&self) -> Option<f64> {
        let best = self.best?;
        Some(self.courses.first()?.looks.get(best)?.epoch)
    }

    /// The mean losses by epoch over the folds: of training batches, by the network's own measure, and of rows held out. A straight line has
    /// no epochs, and so no curve.
    pub fn curve(&self) -> Vec<(f64, f64, f64)> {
        let n_looks = self.courses.iter().map(|course| course.looks.len()).min();
        let n = self.courses.len().max(1) as f64;
        (0..n_looks.unwrap_or(0))
            .map(|look| {
                let looks = || self.courses.iter().map(|course| &course.looks[look]);
                let training: f64 = looks().map(|look| look.training_loss).sum();
                let held_out: f64 = looks().map(crate::CourseLook::loss).sum();
                (
                    self.courses[0].looks[look].epoch,
                    training / n,
                    held_out / n,
                )
            })
            .filter(|(epoch, ..)| *epoch > 0.0)
            .collect()
    }

    /// The networks at the best look, one a fold.
    pub fn members(&self) -> Vec<Member> {
        let best = self.best.unwrap_or(usize::MAX);
        self.courses
            .iter()
            .filter_map(|course| course.member(best))
            .collect()
    }
}
