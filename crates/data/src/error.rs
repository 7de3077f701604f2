//! What can be wrong with data, and how to mend it.

mod array;
mod file;
mod mismatch;

pub use array::ArrayProblem;
use file::named;
pub use mismatch::Mismatch;

use std::path::PathBuf;

use smallbatch_base::Number;

use crate::cells::{short, some_of};
use crate::{ColumnKind, Part};

/// Everything this crate can refuse.
///
/// Each variant names the thing and the place, carries the offending value in fields a program can read, and its
/// sentence ends with a way out. Samples, features and batches are counted from 0; lines of a file from 1.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_data::{Dataset, Error, Target};
///
/// let features = DMatrix::from_row_slice(2, 2, &[1.0_f32, 2.0, 3.0, f32::NAN]);
/// let error = Dataset::new(features, Target::classes(vec![0, 1])).unwrap_err();
/// assert!(matches!(&error, Error::NonFiniteFeature { sample: 1, feature: 1, .. }));
/// assert!(error.to_string().contains("sample 1"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A data set needs at least one sample and one feature, and a target at least one output.
    #[error(
        "the {what} has shape {rows} x {columns}: nothing to learn from; give at least one row (a feature or an output) and one column (a sample)"
    )]
    Empty {
        /// "feature matrix" or "target matrix".
        what: &'static str,
        /// Its rows: features or outputs.
        rows: usize,
        /// Its columns: samples.
        columns: usize,
    },

    /// Something given per sample has another length than the data set.
    #[error(
        "the data set has {expected} samples (columns), but its {what} has {actual}; samples are columns: was a matrix with samples in rows given?"
    )]
    SampleCount {
        /// What was given: "target", "weights", "groups", "feature matrix", "assignment".
        what: &'static str,
        /// Samples in the data set.
        expected: usize,
        /// Entries given.
        actual: usize,
    },

    /// Another number of features, or of names for them, than the data set has.
    #[error(
        "the data set has {expected} features (rows), but the {what} has {actual}; give one row or name a feature"
    )]
    FeatureCount {
        /// What was given: "feature matrix", "list of feature names".
        what: &'static str,
        /// Features in the data set.
        expected: usize,
        /// Rows or names given.
        actual: usize,
    },

    /// Another number of output names than outputs.
    #[error("the target has {expected} outputs, but {actual} names; give one name an output")]
    OutputNames {
        /// Outputs (rows of the target's values).
        expected: usize,
        /// Names given.
        actual: usize,
    },

    /// A name is empty or stands twice in its list.
    #[error(
        "the {what} name {:?} at position {position} is {problem}; names must be unique and not empty",
        short(name)
    )]
    BadName {
        /// "feature", "class" or "output".
        what: &'static str,
        /// The name.
        name: String,
        /// Where in the list.
        position: usize,
        /// "empty" or "a repetition".
        problem: &'static str,
    },

    /// A column has another name than the one that a scaler was fitted to there.
    #[error(
        "{what} {position} is {given:?}, but the scaler was fitted to {fitted:?} there; give the columns that were fitted, in their order, or give them the same names if they are the same"
    )]
    OtherNames {
        /// "feature" or "output".
        what: &'static str,
        /// The first column (row of the matrix) whose names differ.
        position: usize,
        /// Its name in fitting.
        fitted: String,
        /// Its name in the data set.
        given: String,
    },

    /// Every feature of a training part is constant.
    #[error(
        "all {n_features} features of the training part are constant, so there is nothing to learn from ({name:?} is {value} in every sample); use columns that vary, or a split whose training part has samples that differ", value = Number(*value))]
    AllConstant {
        /// Features of the data set.
        n_features: usize,
        /// The first of them.
        name: String,
        /// Its value.
        value: f64,
    },

    /// A feature is NaN or infinite.
    #[error("sample {sample}, feature {feature} ({name:?}) is {value}; {advice}")]
    NonFiniteFeature {
        /// The sample (column).
        sample: usize,
        /// The feature (row).
        feature: usize,
        /// The feature's name.
        name: String,
        /// The offending value.
        value: f64,
        /// The way out, which differs for NaN and infinity.
        advice: &'static str,
    },

    /// A target value is NaN or infinite.
    #[error(
        "sample {sample}, target {name:?} is {value}; remove the sample, or fill in a finite number"
    )]
    NonFiniteTarget {
        /// The sample (column).
        sample: usize,
        /// The output's name.
        name: String,
        /// The offending value.
        value: f64,
    },

    /// A label that no class name belongs to.
    #[error("sample {sample} has label {label}, but there are {n_classes} class names, for labels 0 to {}; add the name or correct the label", n_classes.saturating_sub(1))]
    LabelOutOfRange {
        /// The sample.
        sample: usize,
        /// Its label.
        label: u32,
        /// How many classes have names.
        n_classes: usize,
    },

    /// Fewer than two classes: there is nothing to tell apart.
    #[error(
        "the target has only one class ({:?}): nothing to tell apart; give samples of at least two classes, or numbers as the target",
        short(class)
    )]
    OneClass {
        /// The only class, empty if there is none.
        class: String,
    },

    /// A sample's weight is negative, infinite or NaN.
    #[error(
        "sample {sample} has weight {weight}; weights must be finite and at least 0", weight = Number(*weight))]
    BadWeight {
        /// The sample.
        sample: usize,
        /// The offending weight.
        weight: f64,
    },

    /// All weights are 0.
    #[error(
        "all {n_samples} weights are 0, so every weighted mean is undefined; give at least one sample a positive weight"
    )]
    ZeroWeights {
        /// How many weights were given.
        n_samples: usize,
    },

    /// An index beyond the last sample.
    #[error("sample {index} was asked for, but the data set has {n_samples} samples, 0 to {}", n_samples.saturating_sub(1))]
    SampleOutOfRange {
        /// The index asked for.
        index: usize,
        /// Samples in the data set.
        n_samples: usize,
    },

    /// No samples were selected.
    #[error("the selection holds no sample; a data set needs at least one")]
    EmptySelection,

    /// A number that a narrower type cannot hold: it would become infinite, or 0.
    #[error(
        "{place} is {value}, which would become {becomes} in {to}; rescale it, or stay with f64", value = Number(*value))]
    Narrowing {
        /// Where the number stands.
        place: String,
        /// The number.
        value: f64,
        /// What it would become.
        becomes: f64,
        /// The type it was to become.
        to: &'static str,
    },

    /// A part of a split that was given no samples.
    #[error(
        "the data set {dataset:?} has no samples: it is a part that the split gave none; use another part, or split with a fraction above 0"
    )]
    NoSamples {
        /// The data set's name.
        dataset: String,
    },

    /// Fractions of a split that are negative, train on nothing, or do not add up to 1.
    #[error(
        "the fractions train {train}, validation {validation}, test {test} are not a split: the first must be above 0, the others at least 0, and their sum 1", train = Number(*train), validation = Number(*validation), test = Number(*test))]
    BadFractions {
        /// Share of the training part.
        train: f64,
        /// Share of the validation part.
        validation: f64,
        /// Share of the test part.
        test: f64,
    },

    /// A part of a split would have no sample.
    #[error(
        "the {part} part would be empty: {n_samples} samples are too few for its fraction {fraction}; raise the fraction or use more samples", fraction = Number(*fraction))]
    EmptyPart {
        /// The empty part.
        part: Part,
        /// Its fraction.
        fraction: f64,
        /// Samples in the data set.
        n_samples: usize,
    },

    /// A class has too few samples to be in every part or fold.
    #[error(
        "class {:?} has {count} samples, too few to be in each of the {parts}; use more samples of it, merge or remove the class, or do not stratify",
        short(class)
    )]
    ClassTooSmall {
        /// The class.
        class: String,
        /// Its number of samples.
        count: usize,
        /// "3 parts", "5 folds".
        parts: String,
    },

    /// Fewer samples or groups than parts or folds.
    #[error("{count} {what} cannot fill {parts}; use more {what} or fewer folds")]
    TooFew {
        /// "samples" or "groups".
        what: &'static str,
        /// How many there are.
        count: usize,
        /// "3 parts", "5 folds".
        parts: String,
    },

    /// Fewer than two folds.
    #[error(
        "{k} folds are too few: each split needs one fold for testing and at least one for training; use k from 2 to the number of samples"
    )]
    BadFoldCount {
        /// The number of folds asked for.
        k: usize,
    },

    /// A fold beyond the last.
    #[error("fold {index} was asked for, but there are {k} folds, 0 to {}", k.saturating_sub(1))]
    FoldOutOfRange {
        /// The fold asked for.
        index: usize,
        /// The number of folds.
        k: usize,
    },

    /// Classes are needed, and the target is numbers.
    #[error(
        "{what} needs classes, but the target of {dataset:?} is numbers; split it shuffled or by group, or give classes as the target"
    )]
    NotClasses {
        /// "a stratified split", "numbering classes".
        what: &'static str,
        /// The data set's name.
        dataset: String,
    },

    /// Data that does not fit what it is used with.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),

    /// A scaling of targets needs numbers.
    #[error("the target of {dataset:?} is classes; only numbers can be scaled")]
    NotValues {
        /// The data set's name.
        dataset: String,
    },

    /// A grouped split needs groups.
    #[error(
        "a grouped split needs groups, but the data set {dataset:?} has none; give them with `with_groups`"
    )]
    NoGroups {
        /// The data set's name.
        dataset: String,
    },

    /// Parts of a split that do not describe the same task.
    #[error(
        "the {part} part differs from the training part in its {what}; the parts of a split must share features and target"
    )]
    PartsDiffer {
        /// The part that differs.
        part: Part,
        /// "feature names", "target".
        what: &'static str,
    },

    /// A batch size of 0, or above the number of samples.
    #[error(
        "batch size {size} does not fit {n_samples} samples; use 1 to {n_samples}, or \"full\""
    )]
    BatchSize {
        /// The batch size asked for.
        size: usize,
        /// Samples in the data set.
        n_samples: usize,
    },

    /// A text that is not a batch size.
    #[error("{text:?} is not a batch size; write a whole number from 1 up, or \"full\"")]
    ParseBatchSize {
        /// The text.
        text: String,
    },

    /// A batch beyond the last of the epoch.
    #[error(
        "batch {batch} was asked for, but an epoch has {n_batches}; positions run from 0 to {n_batches} (the end)"
    )]
    BatchOutOfRange {
        /// The batch asked for.
        batch: usize,
        /// Batches in an epoch.
        n_batches: usize,
    },

    /// A generator or a count of copies was given a number outside its range.
    #[error("{what} is {value}; it must be at least {minimum}")]
    TooSmall {
        /// The name of the argument.
        what: &'static str,
        /// The value given.
        value: usize,
        /// The smallest allowed.
        minimum: usize,
    },

    /// A generator or a count of copies was asked for more data than is ever meant.
    #[error("{what} is {value}; it must be at most {maximum}, which makes 2^31 values of features")]
    TooLarge {
        /// The name of the argument.
        what: &'static str,
        /// The value given.
        value: usize,
        /// The largest allowed.
        maximum: usize,
    },

    /// Rows for a file that are not of the kind of its first rows.
    #[error("these rows differ from those before them in the {what}; a file has rows of one kind")]
    RowsDiffer {
        /// "feature names", "target" or "weights".
        what: &'static str,
    },

    /// A file that cannot be opened or read.
    #[error("cannot read {}: {source}", named(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },

    /// A file of an array that cannot be read, or is not the array that is needed.
    #[error("{}: {problem}", path.display())]
    Array {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: ArrayProblem,
    },

    /// A Parquet or Arrow file that cannot be read as a table.
    #[cfg(any(feature = "parquet", feature = "arrow"))]
    #[error("{}: {problem}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the way out.
        problem: String,
    },

    /// Text that is not a table: a line with another number of fields than the header, a quote that is not closed, or bytes that are
    /// no text.
    #[error("line {line}: {problem}")]
    BadTable {
        /// The line, from 1.
        line: u64,
        /// What is wrong there, and the way out.
        problem: String,
    },

    /// What is wrong in a file.
    #[error("{}: {source}", named(file))]
    InFile {
        /// The file.
        file: PathBuf,
        /// What is wrong in it.
        source: Box<Error>,
    },

    /// A table with one column, or none: no feature beside the target.
    #[error(
        "the table has {columns} columns, but needs at least 2: a feature and the target; cells are told apart by commas, semicolons, tabs or bars"
    )]
    TooFewColumns {
        /// Columns in the header that are not ignored.
        columns: usize,
    },

    /// A table without a line below its header.
    #[error(
        "the table has a header of {columns} columns, but no line below it; it needs at least one sample"
    )]
    EmptyTable {
        /// Columns in the header.
        columns: usize,
    },

    /// A column that the header does not name.
    #[error("there is no column {:?}; {}", short(name), nearest.as_ref().map_or_else(|| format!("the columns are {}", some_of(columns)), |nearest| format!("did you mean {:?}?", short(nearest))))]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// The most similar name there is, if one is similar.
        nearest: Option<String>,
        /// All columns.
        columns: Vec<String>,
    },

    /// A cell that is not what its column is.
    #[error(
        "line {line}, column {:?}: {:?} is not {expected}; {advice}",
        short(column),
        short(value)
    )]
    BadCell {
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// The cell's text, or its beginning.
        value: String,
        /// What it had to be: "a finite number", "a date (yyyy-mm-dd)".
        expected: &'static str,
        /// The way out.
        advice: &'static str,
    },

    /// A column that cannot be of the kind that it was declared.
    #[error(
        "column {:?} was declared a {kind}, but has {:?}; declare another kind, or correct it",
        short(column),
        short(value)
    )]
    BadKind {
        /// The column.
        column: String,
        /// The declared kind.
        kind: ColumnKind,
        /// A cell that does not fit.
        value: String,
    },

    /// A target without a value.
    #[error(
        "the target {:?} is missing in all {n_rows} rows: there is nothing to learn from; name another column, or fill it in",
        short(column)
    )]
    MissingTarget {
        /// The target's column.
        column: String,
        /// How many rows.
        n_rows: u64,
    },

    /// A table of which no column can be used.
    #[error("no column is left to predict from: {}; declare the kind of one that matters, or add columns", some_of(&columns.iter().map(|(name, reason)| format!("{} ({reason})", short(name))).collect::<Vec<_>>()))]
    NothingToUse {
        /// The columns, each with why it is left out.
        columns: Vec<(String, String)>,
    },

    /// A file without a header.
    #[error(
        "there is nothing in the table, not even a header; the first line must name the columns"
    )]
    EmptyFile,

    /// Cells without a value where every one is needed.
    #[error("{rows} of {n_rows} rows have missing values: {}; the first are on line {}; {advice}", some_of(&columns.iter().map(|(name, count)| format!("{count} in column {:?}", short(name))).collect::<Vec<_>>()), first.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))]
    MissingCells {
        /// Rows with at least one missing cell.
        rows: usize,
        /// All rows.
        n_rows: usize,
        /// The columns with missing cells, and how many each.
        columns: Vec<(String, usize)>,
        /// The first lines with a missing cell, from 1.
        first: Vec<u64>,
        /// The way out.
        advice: &'static str,
    },

    /// One column named for two uses.
    #[error(
        "the {what} {:?} cannot be {other} as well; name another column for one of the two",
        short(column)
    )]
    UsedTwice {
        /// "target" or "column of groups".
        what: &'static str,
        /// The column.
        column: String,
        /// The other use: "ignored" or "the groups".
        other: &'static str,
    },

    /// A column with too many distinct texts to be categories.
    #[error(
        "column {:?} has {distinct} distinct texts in {n_rows} rows ({}, ...): it looks like text, from which nothing can be learned for other rows; leave it out (`ignore`), or replace it by numbers or by a few categories",
        short(column),
        some_of(examples)
    )]
    TextColumn {
        /// The column.
        column: String,
        /// How many distinct texts.
        distinct: usize,
        /// How many rows.
        n_rows: usize,
        /// The first cells.
        examples: Vec<String>,
    },

    /// A target with too many classes for the rows there are.
    #[error(
        "the target {:?} has {classes} classes in {n_rows} rows; at most {most} classes, with two or more rows each, can be learned; merge classes, name another column as the target, or predict it as a number if it is one",
        short(column)
    )]
    TooManyClasses {
        /// The target's column.
        column: String,
        /// How many classes.
        classes: usize,
        /// How many rows.
        n_rows: usize,
        /// The most there may be.
        most: usize,
    },

    /// A target of numbers of which most differ, declared to be classes.
    #[error(
        "the target {:?} has {distinct} different numbers in {n_rows} rows: they are quantities, and no classes; predict them as numbers (`task = \"numbers\"`), or name each range of them as a class",
        short(column)
    )]
    ContinuousTarget {
        /// The target's column.
        column: String,
        /// How many distinct numbers.
        distinct: usize,
        /// How many rows.
        n_rows: usize,
    },

    /// A target with one value.
    #[error(
        "the target {:?} is {:?} in all {n_rows} rows: there is nothing to predict; name another column, or add rows with other values",
        short(column),
        short(value)
    )]
    ConstantTarget {
        /// The target's column.
        column: String,
        /// Its one value.
        value: String,
        /// How many rows.
        n_rows: usize,
    },

    /// A category that the table, from which the categories were read, does not have.
    #[error(
        "line {line}, column {:?}: {:?} is not one of the known categories, which are {}; correct it, or train anew on a table that has it",
        short(column),
        short(value),
        some_of(known)
    )]
    UnknownCategory {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The text.
        value: String,
        /// The known categories.
        known: Vec<String>,
    },

    /// A table without a column that was learned from.
    #[error(
        "the table has no column {:?}, which the schema needs; {}",
        short(column),
        nearest.as_ref().map_or_else(
            || format!("add it; the columns are {}", some_of(columns)),
            |nearest| format!("rename {:?} if that is meant", short(nearest))
        )
    )]
    MissingColumn {
        /// The column.
        column: String,
        /// The most similar name that the table has and the schema does not, if one is similar.
        nearest: Option<String>,
        /// All columns of the table.
        columns: Vec<String>,
    },

    /// A folder without a table.
    #[error("there is no table in {}; put files there whose names end in .csv", folder.display())]
    NoTables {
        /// The folder.
        folder: PathBuf,
    },

    /// Settings of a table that cannot be read.
    #[error("{}, line {line}: {reason}; a table's settings are `target`, `task`, `groups`, `weights`, `time`, `ignore`, `missing`, `missing-markers`, `leave-out-text`, `day-first` and `[columns]`", file.display())]
    TableSettings {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },

    /// Settings without the table that they are of.
    #[error("there is no table beside {}; rename it to its table's name, or remove it", settings.display())]
    NoTableBeside {
        /// The file of settings.
        settings: PathBuf,
    },

    /// A built-in table that does not exist.
    #[error("there is no built-in table {name:?}; {}", nearest.as_ref().map_or_else(|| format!("there are {}", tables.join(", ")), |nearest| format!("did you mean {nearest:?}?")))]
    UnknownTable {
        /// The name asked for.
        name: String,
        /// The most similar name there is, if one is similar.
        nearest: Option<String>,
        /// All names.
        tables: Vec<String>,
    },

    /// A scaler refused.
    #[error(transparent)]
    Scaling(#[from] smallbatch_preprocess::Error),
}
