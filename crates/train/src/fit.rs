//! What a trainer does with data: trainings from the beginning to the end, and those to be run piece by piece.

use smallbatch_base::compiled;
use smallbatch_data::Dataset;
use smallbatch_mlp::Mlp;

use crate::rows::Rows;
use crate::{Checkpoint, Error, Observer, Scalar, Session, Silent, Trained, Trainer, TrainingRows};

impl Trainer {
    /// Trains from the beginning to the end.
    ///
    /// The training rows may be in memory or in a file: see [`TrainingRows`]. Training and validation data must have the same features in the same order, scaled by the same scaler.
    ///
    /// # Errors
    /// - A setting outside its range, as [`Trainer::validate`]; a schedule that needs a total that the budget does not say.
    /// - Data that does not suit the model: [`Error::FeatureCount`], [`Error::TargetKind`], [`Error::TargetShape`],
    ///   [`Error::TargetValue`], [`Error::MissingValue`], [`Error::ValidationDiffers`], [`Error::BatchTooLarge`]; or from
    ///   which nothing can be learned: [`Error::TooFewSamples`], [`Error::OneClassToLearn`].
    /// - [`Error::NeedsValidation`] where validation data is watched and not given.
    /// - [`Error::Diverged`] with the history so far.
    pub fn fit<'a, T: Scalar>(
        &self,
        training: impl Into<TrainingRows<'a, T>>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Trained<T>, Error> {
        fit(self, training.into().0, validation, &mut Silent)
    }

    /// Trains from the beginning to the end, while an observer listens.
    ///
    /// # Errors
    /// As [`Trainer::fit`].
    pub fn fit_observed<'a, T: Scalar>(
        &self,
        training: impl Into<TrainingRows<'a, T>>,
        validation: Option<&'a Dataset<T>>,
        observer: &mut dyn Observer,
    ) -> Result<Trained<T>, Error> {
        fit(self, training.into().0, validation, observer)
    }

    /// A training that stands before its first update, to be run piece by piece.
    ///
    /// # Errors
    /// As [`Trainer::fit`], but for the divergence.
    pub fn start<'a, T: Scalar>(
        &self,
        training: impl Into<TrainingRows<'a, T>>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Session<'a, T>, Error> {
        start(self.clone(), training.into().0, validation)
    }

    /// The same, but it begins with a model that is there instead of a new one: to train a saved model on new rows, or one
    /// fold's from the model of another. The optimizer begins anew.
    ///
    /// ```
    /// use smallbatch_data::builtin;
    /// use smallbatch_mlp::MlpSpec;
    /// use smallbatch_train::{Budget, Silent, Trainer};
    ///
    /// let wine = builtin::wine()?.cast::<f32>()?;
    /// let trainer = Trainer::new(MlpSpec::new([13, 8, 3])).learning_rate(1e-7).budget(Budget::Epochs(1));
    /// let model = trainer.fit(&wine, None)?.into_model();
    /// let mut session = trainer.start_from(model.clone(), &wine, None)?;
    /// assert_eq!(session.model(), &model);
    /// session.run(&mut Silent)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Trainer::start`]; and [`Error::OtherModel`] for a model of another kind than the trainer's.
    pub fn start_from<'a, T: Scalar>(
        &self,
        model: Mlp<T>,
        training: impl Into<TrainingRows<'a, T>>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Session<'a, T>, Error> {
        start_from(self.clone(), model, training.into().0, validation)
    }

    /// A training that stands where the checkpoint was made, and goes on from there as if it had never stopped: to the
    /// same bits.
    ///
    /// # Errors
    /// As [`Trainer::start`]; and [`Error::CheckpointData`] where the data are not those the checkpoint was made with.
    pub fn resume<'a, T: Scalar>(
        checkpoint: Checkpoint<T>,
        training: impl Into<TrainingRows<'a, T>>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Session<'a, T>, Error> {
        resume(checkpoint, training.into().0, validation)
    }
}

fn run_to_the_end<T: Scalar>(
    trainer: &Trainer,
    training: Rows<'_, T>,
    validation: Option<&Dataset<T>>,
    observer: &mut dyn Observer,
) -> Result<Trained<T>, Error> {
    let mut session = Session::start(trainer.clone(), training, validation)?;
    session.run(observer)?;
    session.finish()
}

// Compiled here for both number types, and not again in every crate that trains.
compiled! {
    fn fit(
        trainer: &'a Trainer,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
        observer: &'a mut (dyn Observer + 'a),
    ) -> Result<Trained<T>, Error> = run_to_the_end;

    fn start(
        trainer: Trainer,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Session<'a, T>, Error> = Session::start;

    fn start_from(
        trainer: Trainer,
        model: Mlp<T>,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Session<'a, T>, Error> = Session::start_from;

    fn resume(
        checkpoint: Checkpoint<T>,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Session<'a, T>, Error> = Session::resume;
}
