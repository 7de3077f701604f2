//! A table in, predictions out.

use std::fmt;
use std::path::Path;

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use smallbatch_base::Number;
use smallbatch_data::{Folds, Frame, Table, TableReader, TableSchema, Target};

use crate::conformal::Conformal;
use crate::cross::CrossFit;
use crate::disagreement;
use crate::fold::Fold;
use crate::member::{Member, committee};
use crate::recipe::Recipe;
use crate::saved;
use crate::saving::{Identity, Keeper, NEVER, Saving, hash_of};
use crate::scores::Scores;
use crate::{Error, Predictions};

/// Folds, and so networks of a committee.
pub(crate) const FOLDS: usize = 5;
/// The fewest rows: two in each fold.
const FEWEST_ROWS: usize = 10;
/// The coverage of intervals, where none is asked for.
const COVERAGE: f64 = 0.9;

/// A trained model of a table with all that stands before and after it: the schema that reads later tables, a committee of networks each
/// with its encoding and scaling, and what rows held out say of its errors.
///
/// The rows are cut into five folds. Each network trains on four of them and is judged on the fifth; a prediction is the mean of all five.
/// So every row is judged by a network that did not see it, and none is lost to training. All that is fitted (what fills missing cells, the
/// encoding of categories, scaling, the target's scale) is fitted to a network's own training rows. For rows with times there is one
/// network, trained on all rows, for as many epochs as are best for predicting the next stretch of time from the past.
///
/// ```
/// use smallbatch_data::{Table, TableReader};
/// use smallbatch_pipeline::{Measures, Pipeline, Recipe};
///
/// // price = 3·size + 40 in Ulm.
/// let mut text = String::from("size,town,price\n");
/// for i in 0..120 {
///     let town = ["Bonn", "Ulm"][i % 2];
///     text += &format!("{},{town},{}\n", 20 + (7 * i) % 81, 3 * (20 + (7 * i) % 81) + 40 * (i % 2));
/// }
/// let table = Table::read(text.as_bytes())?;
///
/// let model = Pipeline::fit(&table, &TableReader::new(), &Recipe::default(), 0)?;
/// let Measures::Numbers { r2, .. } = model.held_out().measures else { unreachable!() };
/// assert!(r2 > 0.98, "{r2}");
///
/// let predictions = model.predict(&Table::read("town,size\nUlm,50\n".as_bytes())?)?;
/// assert!((predictions.values[0] - 190.0).abs() < 10.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    pub(crate) schema: TableSchema,
    pub(crate) members: Vec<Member>,
    pub(crate) recipe: Recipe,
    pub(crate) held_out: Scores,
    pub(crate) conformal: Option<Conformal>,
    /// The name and the rows of the table that it was trained on.
    pub(crate) data: String,
    pub(crate) rows: usize,
    /// What ties it to the advice that chose its recipe; empty without one.
    #[serde(default)]
    pub(crate) advice: String,
}

/// In a line: "price by a straight line with penalty 0.0001, trained 5 times; held out: 200 rows: RMSE 0.0581, …".
impl fmt::Display for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (target, times) = (self.schema.target(), self.members.len());
        write!(
            f,
            "{target} by {}, trained {times} times; held out: {}",
            self.recipe, self.held_out
        )
    }
}

impl Pipeline {
    /// What the program calls a model's file.
    pub const FILE_NAME: &str = "model.safetensors";

    /// Trains by a recipe on a table.
    ///
    /// # Errors
    /// [`Error::Data`] for a table that cannot be read; [`Error::FewRows`]; [`Error::Broken`] where a training diverged.
    pub fn fit(
        table: &Table,
        reader: &TableReader,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Self, Error> {
        recipe.validate()?;
        Self::fit_as_read(reader.schema(table)?, table, recipe, seed, None)
    }

    /// The same on a table whose schema is known.
    pub(crate) fn fit_as_read(
        schema: TableSchema,
        table: &Table,
        recipe: &Recipe,
        seed: u64,
        saving: Option<&Saving<'_>>,
    ) -> Result<Self, Error> {
        let frame = schema.labelled_frame(table)?.frame;
        if frame.n_rows() < FEWEST_ROWS {
            return Err(Error::FewRows {
                rows: frame.n_rows(),
                needed: FEWEST_ROWS,
            });
        }
        let folds = Folds::at_most(&frame, FOLDS, seed)?;
        let mut keeper = match saving {
            None => Keeper::none(&NEVER),
            Some(saving) => {
                let identity = Identity::new(&schema, hash_of(&frame), recipe, seed)?;
                Keeper::new(saving, identity)?
            }
        };
        let courses = (0..folds.n_folds())
            .map(|index| {
                let (training, held_out) = folds.rows(index);
                let fold = Fold::new(&frame, &training, &held_out)?;
                fold.train_kept(recipe, seed.wrapping_add(index as u64), &mut keeper)
            })
            .collect::<Result<_, Error>>()?;
        let cross = CrossFit::new(recipe.clone(), courses, &folds);
        Self::assemble(schema, &frame, &[(&folds, &cross)], seed, &mut keeper)
    }

    /// What a recipe is worth on a table: each row is judged by a network that did not see it. [`fit`](Self::fit) gives the same beside the
    /// model, as [`held_out`](Self::held_out).
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn cross_validate(
        table: &Table,
        reader: &TableReader,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Scores, Error> {
        Ok(Self::fit(table, reader, recipe, seed)?.held_out)
    }

    /// Makes a model of trainings on all folds, or of several such rounds with different folds: all their networks make the committee.
    ///
    /// # Errors
    /// [`Error::Broken`] where a training diverged.
    pub fn new(
        schema: TableSchema,
        frame: &Frame,
        rounds: &[(&Folds, &CrossFit)],
        seed: u64,
    ) -> Result<Self, Error> {
        Self::assemble(schema, frame, rounds, seed, &mut Keeper::none(&NEVER))
    }

    fn assemble(
        schema: TableSchema,
        frame: &Frame,
        rounds: &[(&Folds, &CrossFit)],
        seed: u64,
        keeper: &mut Keeper<'_>,
    ) -> Result<Self, Error> {
        let Some(&(folds, cross)) = rounds.first() else {
            return Err(Error::FewRows { rows: 0, needed: 1 });
        };
        let broken = |why: String| Error::Broken {
            what: cross.recipe.to_string(),
            why,
        };
        let count =
            |of: fn(&CrossFit) -> usize| rounds.iter().map(|(_, cross)| of(cross)).sum::<usize>();
        let (diverged, all) = (count(CrossFit::n_diverged), count(CrossFit::n_folds));
        if diverged > 0 {
            return Err(broken(format!("{diverged} of {all} trainings diverged")));
        }
        let mut members: Vec<Member> = rounds
            .iter()
            .flat_map(|(_, cross)| cross.members())
            .collect();
        if members.is_empty() {
            return Err(broken("no training came to its first look".into()));
        }
        let (rows, predictions) = held_out(frame, rounds)?;
        if predictions.iter().any(|value| !value.is_finite()) {
            return Err(broken("some predictions are not finite".into()));
        }
        let target = target_of(&frame.select(&rows))?;
        let held_out = Scores::new(&predictions, &target)?;
        let conformal = match target.as_values() {
            None => None,
            Some(values) => {
                let errors = values.iter().zip(&predictions).map(|(y, p)| y - p);
                let mut errors: Vec<f64> = errors.collect();
                if !folds.by_time() {
                    disagreement::shrink(&mut errors, frame, rounds)?;
                }
                Some(Conformal::new(errors))
            }
        };
        if folds.by_time() {
            members = vec![on_all_rows(frame, folds, cross, seed, keeper)?];
        }
        Ok(Self {
            schema,
            members,
            recipe: cross.recipe.clone(),
            held_out,
            conformal,
            data: frame.name.clone(),
            rows: frame.n_rows(),
            advice: String::new(),
        })
    }

    /// The same model with what ties it to the advice that chose its recipe.
    #[must_use]
    pub fn advised_by(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// What ties it to an advice; empty without one.
    pub fn advice(&self) -> &str {
        &self.advice
    }

    /// How later tables are read.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// How it was trained.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Its networks.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What its networks are worth on rows that they did not see: the mean of the one in each round that did not. The mean of all is better
    /// than that.
    pub fn held_out(&self) -> &Scores {
        &self.held_out
    }

    /// Half the width of the intervals of this coverage around predicted numbers: infinite where so few rows cannot vouch for it, `None`
    /// for classes.
    pub fn half_width(&self, coverage: f64) -> Option<f64> {
        let conformal = self.conformal.as_ref()?;
        Some(conformal.half_width(coverage))
    }

    /// The name of the table that it was trained on, and its rows.
    pub fn data(&self) -> (&str, usize) {
        (&self.data, self.rows)
    }

    /// Predicts each row of a table; numbers with intervals of 90 %. Columns are found by name; the target may be missing.
    ///
    /// # Errors
    /// [`Error::Data`] for a table without the columns that are needed.
    pub fn predict(&self, table: &Table) -> Result<Predictions, Error> {
        self.predict_covering(table, COVERAGE)
    }

    /// The same with another coverage of the intervals, above 0 and below 1.
    ///
    /// # Errors
    /// [`Error::Setting`] for another coverage, and as [`predict`](Self::predict).
    pub fn predict_covering(&self, table: &Table, coverage: f64) -> Result<Predictions, Error> {
        if !(coverage > 0.0 && coverage < 1.0) {
            return Err(Error::Setting {
                setting: "coverage",
                value: Number(coverage).to_string(),
                expected: "above 0 and below 1",
            });
        }
        let framed = self.schema.frame(table)?;
        let half_width = self
            .conformal
            .as_ref()
            .map(|conformal| (conformal.half_width(coverage), coverage));
        Ok(Predictions {
            target: self.schema.target().to_owned(),
            classes: self.schema.classes().to_vec(),
            values: committee(&self.members, &framed.frame)?,
            lines: framed.frame.lines,
            half_width,
            notices: framed.notices,
            bad_rows: framed.bad_rows,
        })
    }

    /// What it is worth on a table that has the target, too; for numbers also which share of the rows is inside the intervals of 90 %.
    ///
    /// # Errors
    /// [`Error::NoTarget`], and as [`predict`](Self::predict).
    pub fn evaluate(&self, table: &Table) -> Result<(Scores, Option<f64>), Error> {
        if !table
            .columns()
            .iter()
            .any(|name| name == self.schema.target())
        {
            return Err(Error::NoTarget {
                column: self.schema.target().to_owned(),
                doing: "evaluate",
            });
        }
        let frame = self.schema.labelled_frame(table)?.frame;
        let Some(target) = &frame.target else {
            return Err(Error::NoTarget {
                column: self.schema.target().to_owned(),
                doing: "evaluate",
            });
        };
        let predictions = committee(&self.members, &frame)?;
        let inside = self.conformal.as_ref().zip(target.as_values());
        let inside = inside.map(|(conformal, values)| {
            let half = conformal.half_width(COVERAGE);
            let inside = values
                .iter()
                .zip(&predictions)
                .filter(|(y, p)| (**y - **p).abs() <= half);
            inside.count() as f64 / values.len().max(1) as f64
        });
        Ok((Scores::new(&predictions, target)?, inside))
    }

    /// Writes the model into a file, which appears whole or not at all: safetensors, with all but the weights as JSON in its metadata.
    /// `smallbatch-predict` reads it, too.
    ///
    /// # Errors
    /// [`Error::File`], and as [`portable`](Self::portable).
    pub fn save(&self, file: impl AsRef<Path>) -> Result<(), Error> {
        saved::save(self, file.as_ref())
    }

    /// The bytes of that file.
    ///
    /// # Errors
    /// As [`portable`](Self::portable), and [`Error::File`] for what has no form as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        saved::bytes_of(self)
    }

    /// Reads a model from its file, of this form or of the one before it, which was JSON.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::NoModel`] for a file that is none, of another version, or damaged.
    pub fn load(file: impl AsRef<Path>) -> Result<Self, Error> {
        saved::load(file.as_ref())
    }
}

/// One network trained on all rows, for as long as was best on the folds.
fn on_all_rows(
    frame: &Frame,
    folds: &Folds,
    cross: &CrossFit,
    seed: u64,
    keeper: &mut Keeper<'_>,
) -> Result<Member, Error> {
    let all: Vec<usize> = (0..frame.n_rows()).collect();
    let fold = Fold::new(frame, &all, &folds.rows(0).1)?;
    let course = fold.train_kept(&cross.recipe, seed, keeper)?;
    let look = cross.best_look().unwrap_or(usize::MAX);
    let look = look.min(course.looks.len().saturating_sub(1));
    let last = course.member(look).filter(|_| !course.diverged);
    last.ok_or_else(|| Error::Broken {
        what: cross.recipe.to_string(),
        why: "the training on all rows diverged".into(),
    })
}

/// The rows that were held out, in ascending order, with what networks that did not see them predict: the mean over the rounds.
///
/// # Errors
/// As [`Member::predict`].
pub fn held_out(
    frame: &Frame,
    rounds: &[(&Folds, &CrossFit)],
) -> Result<(Vec<usize>, DMatrix<f64>), Error> {
    let mut sums: Vec<Option<DVector<f64>>> = vec![None; frame.n_rows()];
    let mut counts = vec![0.0; frame.n_rows()];
    for (folds, cross) in rounds {
        for (fold, member) in cross.members().iter().enumerate() {
            let held = folds.rows(fold).1;
            let predictions = member.predict(&frame.select(&held))?;
            for (&row, prediction) in held.iter().zip(predictions.column_iter()) {
                counts[row] += 1.0;
                sums[row] = Some(match sums[row].take() {
                    Some(sum) => sum + prediction,
                    None => prediction.into_owned(),
                });
            }
        }
    }
    let rows: Vec<usize> = (0..frame.n_rows())
        .filter(|&row| sums[row].is_some())
        .collect();
    let means: Vec<DVector<f64>> = sums
        .into_iter()
        .zip(&counts)
        .filter_map(|(sum, count)| Some(sum? / *count))
        .collect();
    let predictions = if means.is_empty() {
        DMatrix::zeros(1, 0)
    } else {
        DMatrix::from_columns(&means)
    };
    Ok((rows, predictions))
}

fn target_of(frame: &Frame) -> Result<Target<f64>, Error> {
    frame.target.clone().ok_or_else(|| Error::NoTarget {
        column: "of the target".into(),
        doing: "train",
    })
}
