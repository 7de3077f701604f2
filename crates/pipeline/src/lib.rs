//! A table in, predictions out: encoding, scaling, a network and its target as one object.
//!
//! A network takes numbers of about the size of 1. A table has missing cells, towns, dates and prices in thousands. What stands between the
//! two must be learned from training rows, be applied to later rows in the same way, and travel with the model. [`Pipeline`] is that:
//!
//! ```text
//! Table -> TableSchema -> Frame -> Folds -> a Fold: rows to train on, rows held out
//!   -> Encoder -> scaler -> network -> Output    (together a Member, one a fold)
//!   -> Pipeline: the mean of all members, with what rows held out say of its errors
//! ```
//!
//! Its matrices are those of nalgebra, which is re-exported as [`nalgebra`].
//!
//! Four decisions shape it:
//!
//! - **Everything that is fitted is fitted to training rows.** What fills a missing cell, which categories have a place, means and
//!   deviations of features and target: each network has its own, learned on the rows that it trained on.
//! - **What is saved was judged.** The rows are cut into folds, and each network predicts the fold that it did not see. The model is the mean
//!   of these very networks; no row is lost to validation, and nothing is trained afterwards that nobody judged. Rows with times are the
//!   exception: there the last network must know the latest rows.
//! - **Numbers come with intervals** whose coverage the held-out rows vouch for ([`Conformal`]), whatever the distribution of the errors.
//! - **A straight line is a recipe like any other** ([`Line`]): ridge or logistic regression or the lasso at its optimum, saved in the same form.
//!
//! # From a table to a saved model
//!
//! ```
//! use smallbatch_data::{Table, TableReader};
//! use smallbatch_pipeline::{Measures, NetworkRecipe, Pipeline, Recipe};
//!
//! // 150 flowers; the last column is the class.
//! # let mut text = String::from("length,width,kind\n");
//! # for i in 0..150 { text += &format!("{},{},{}\n", i % 50 + 60 * (i / 50), (7 * i) % 23, ["a", "b", "c"][i / 50]); }
//! # let table = Table::read(text.as_bytes())?;
//! let recipe = Recipe::Network(NetworkRecipe { hidden: vec![32], epochs: 100, ..NetworkRecipe::default() });
//! let model = Pipeline::fit(&table, &TableReader::new(), &recipe, 0)?;
//!
//! let Measures::Classes { accuracy, .. } = model.held_out().measures else { unreachable!() };
//! assert!(accuracy > 0.9, "{accuracy}");
//!
//! // Later rows: columns by name, in any order. What is new in them is a notice and no error.
//! let later = Table::read("width,length,remark\n3,20,wilted\n".as_bytes())?;
//! let predictions = model.predict(&later)?;
//! assert_eq!(predictions.class(0), Some("a"));
//! assert!(predictions.notices[0].what.contains("not used"), "{:?}", predictions.notices);
//!
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("model.safetensors");
//! model.save(&file)?;
//! assert_eq!(Pipeline::load(&file)?, model);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to find what
//!
//! | task | types |
//! |---|---|
//! | train, predict, judge, save | [`Pipeline`], [`Predictions`], [`Scores`] |
//! | train on a file that need not fit into memory | [`Pipeline::fit_path`], [`Memory`] |
//! | say how to train | [`Recipe`]: a [`Line`] or a [`NetworkRecipe`] |
//! | try many recipes on the same folds | [`Fold`], [`Course`], [`CrossFit`] |
//! | features alone | [`Encoder`] |
//!
//! # Beyond this library
//!
//! [`Pipeline::portable`] gives the model as plain data of [`smallbatch_predict`], which predicts without the standard library; a saved model
//! is read by that crate, too.
//!
//! # What comes next
//!
//! `smallbatch-advice` looks for the recipe: it tries lines and networks on the same folds, and says what normalization and batch size did.

mod conformal;
mod course;
mod cross;
mod disagreement;
mod encoder;
mod error;
mod fold;
mod large;
mod line;
mod member;
mod output;
mod pipeline;
mod portable;
mod predictions;
mod recipe;
mod saved;
mod saving;
mod scores;

pub use nalgebra;

pub use conformal::Conformal;
pub use course::{Course, CourseLook, KeptCourse};
pub use cross::CrossFit;
pub use encoder::Encoder;
pub use error::Error;
pub use fold::Fold;
pub use large::Memory;
pub use member::{Member, MemberEpoch, committee, row_losses};
pub use pipeline::{Pipeline, held_out};
pub use predictions::Predictions;
pub use recipe::{Levels, Line, NetworkRecipe, Rates, Recipe, RecipeOptimizer};
pub use saving::Saving;
pub use scores::{Measures, Scores};
pub use smallbatch_predict::Output;
