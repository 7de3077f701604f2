//! One error for programs that use several crates.

/// Whatever a crate of the house refuses, so that a program needs one type for its `?`. The sentence is that of the crate's own error,
/// which is inside.
///
/// ```
/// use smallbatch::prelude::*;
///
/// fn accuracy(dataset: &Dataset) -> smallbatch::Result<Option<f64>> {
///     let split = Splitter::new(1).fractions(0.8, 0.0, 0.2).split(dataset)?; // an error of `data`
///     let (split, _scaler) = split.scaled_by(&StandardScaler::default())?;
///     let spec = MlpSpec::new([dataset.n_features(), dataset.n_outputs()]);
///     let trained = Trainer::new(spec).learning_rate(0.01).budget(Budget::Epochs(20)).fit(split.train(), None)?; // of `train`
///     Ok(trained.evaluate(split.test())?.metrics.accuracy())
/// }
/// assert!(accuracy(&builtin::wine()?)? > Some(0.5));
///
/// let error = accuracy(&builtin::wine()?.subset(&[0])?).unwrap_err();
/// assert!(matches!(error, smallbatch::Error::Data(_)));
/// # Ok::<(), smallbatch::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Of scalers.
    #[error(transparent)]
    Preprocess(Box<crate::preprocess::Error>),
    /// Of tables, splits and batches.
    #[error(transparent)]
    Data(Box<crate::data::Error>),
    /// Of networks, losses and optimizers.
    #[error(transparent)]
    Mlp(Box<crate::mlp::Error>),
    /// Of trainings and metrics.
    #[error(transparent)]
    Train(Box<crate::train::Error>),
    /// Of pipelines.
    #[error(transparent)]
    Pipeline(Box<crate::pipeline::Error>),
    /// Of saved models.
    #[error(transparent)]
    Predict(Box<crate::predict::Error>),
    /// Of models in other forms.
    #[cfg(feature = "export")]
    #[error(transparent)]
    Export(Box<crate::export::Error>),
    /// Of fetched data sets.
    #[cfg(feature = "fetch")]
    #[error(transparent)]
    Fetch(Box<crate::fetch::Error>),
    /// Of many trainings.
    #[cfg(feature = "sweep")]
    #[error(transparent)]
    Sweep(Box<crate::sweep::Error>),
    /// Of verdicts.
    #[cfg(feature = "evidence")]
    #[error(transparent)]
    Evidence(Box<crate::evidence::Error>),
    /// Of reports.
    #[cfg(feature = "report")]
    #[error(transparent)]
    Report(Box<crate::report::Error>),
    /// Of experiments.
    #[cfg(feature = "lab")]
    #[error(transparent)]
    Lab(Box<crate::lab::Error>),
    /// Of advice.
    #[cfg(feature = "advice")]
    #[error(transparent)]
    Advice(Box<crate::advice::Error>),
    /// An array of ndarray that is not in the order that is needed.
    #[cfg(feature = "ndarray")]
    #[error(
        "the array has shape {shape:?} and is not in C order, in which a sample's features lie side by side; make a copy that is with \
         `as_standard_layout()`, or take `arrays::matrix`"
    )]
    ArrayOrder {
        /// Its rows (samples) and columns (features).
        shape: [usize; 2],
    },
    /// Of a file that the program itself reads or writes.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A result whose error is [`Error`], unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! from {
    ($($(#[$feature:meta])? $variant:ident: $crate_name:ident,)*) => {
        $(
            $(#[$feature])?
            impl From<crate::$crate_name::Error> for Error {
                fn from(error: crate::$crate_name::Error) -> Self {
                    Self::$variant(Box::new(error))
                }
            }
        )*
    };
}

from! {
    Preprocess: preprocess,
    Data: data,
    Mlp: mlp,
    Train: train,
    Pipeline: pipeline,
    Predict: predict,
    #[cfg(feature = "export")]
    Export: export,
    #[cfg(feature = "fetch")]
    Fetch: fetch,
    #[cfg(feature = "sweep")]
    Sweep: sweep,
    #[cfg(feature = "evidence")]
    Evidence: evidence,
    #[cfg(feature = "report")]
    Report: report,
    #[cfg(feature = "lab")]
    Lab: lab,
    #[cfg(feature = "advice")]
    Advice: advice,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error travels in every `Result`.
    #[test]
    fn it_is_small_and_says_what_the_crate_says() {
        assert!(size_of::<Error>() <= 4 * size_of::<usize>());
        let inner = || {
            crate::data::Splitter::new(0)
                .fractions(0.5, 0.1, 0.1)
                .split(&crate::data::builtin::wine().unwrap())
                .unwrap_err()
        };
        let error = Error::from(inner());
        assert_eq!(error.to_string(), inner().to_string());
        let is_shared = |_: &(dyn std::error::Error + Send + Sync + 'static)| true;
        assert!(is_shared(&error));
    }
}
