//! What a network makes of inputs without learning from them: logits, predictions, the loss of a batch.

use nalgebra::{DMatrix, DMatrixView};
use smallbatch_base::compiled;

use crate::batch::Batch;
use crate::cuts::CHUNK;
use crate::inputs::{Inputs, open_inputs};
use crate::loss::DeltaScale;
use crate::passes::forward_one;
use crate::sampled::Evaluation;
use crate::{Error, Mlp, Scalar, Workspace};

impl<T: Scalar> Mlp<T> {
    /// The logits of these inputs, shape `(n_outputs, n_samples)`. Allocates; see [`Mlp::forward_into`].
    ///
    /// # Errors
    /// Inputs of the wrong shape, or not finite.
    pub fn logits<'a>(&self, inputs: impl Into<DMatrixView<'a, T>>) -> Result<DMatrix<T>, Error> {
        let inputs = inputs.into();
        let mut workspace = self.workspace(inputs.ncols().min(CHUNK));
        let mut logits = DMatrix::zeros(self.spec().n_outputs(), inputs.ncols());
        self.forward_into(inputs, &mut workspace, &mut logits)?;
        Ok(logits)
    }

    /// What the network predicts for these inputs, shape `(n_outputs, n_samples)`: probabilities (cross-entropies),
    /// rates (Poisson), or the numbers themselves. Inputs are a matrix or a view of one, shape `(n_inputs, n_samples)`; of one sample,
    /// [`predict_sample`](Self::predict_sample) takes a slice.
    ///
    /// # Errors
    /// Inputs of the wrong shape, or not finite.
    pub fn predict<'a>(&self, inputs: impl Into<DMatrixView<'a, T>>) -> Result<DMatrix<T>, Error> {
        let mut outputs = self.logits(inputs)?;
        self.spec()
            .loss
            .link(outputs.as_mut_slice(), self.spec().n_outputs());
        Ok(outputs)
    }

    /// What the network predicts for one sample: as [`predict`](Self::predict), one number an output.
    ///
    /// ```
    /// # use smallbatch_mlp::MlpSpec;
    /// let network = MlpSpec::new([2, 8, 3]).build::<f32>(1)?;
    /// let probabilities = network.predict_sample(&[0.5, -1.0])?;
    /// assert_eq!(probabilities.len(), 3);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another number of inputs, or one that is not finite.
    pub fn predict_sample(&self, inputs: &[T]) -> Result<Vec<T>, Error> {
        let outputs = self.predict(DMatrixView::from_slice(inputs, inputs.len(), 1))?;
        Ok(outputs.as_slice().to_vec())
    }

    /// Writes the logits of these inputs to a matrix of shape `(n_outputs, n_samples)`. Does not allocate.
    ///
    /// # Errors
    /// Inputs of the wrong shape or not finite, logits of the wrong shape, a workspace of another network.
    pub fn forward_into<'a>(
        &self,
        inputs: impl Into<DMatrixView<'a, T>>,
        workspace: &mut Workspace<T>,
        logits: &mut DMatrix<T>,
    ) -> Result<(), Error> {
        forward_into(self, inputs.into(), workspace, logits)
    }

    fn forward_into_here(
        &self,
        inputs: DMatrixView<'_, T>,
        workspace: &mut Workspace<T>,
        logits: &mut DMatrix<T>,
    ) -> Result<(), Error> {
        workspace.check(self)?;
        let inputs = open_inputs(inputs, self.spec().n_inputs())?;
        let n_samples = inputs.n_columns();
        self.check_logits(logits, n_samples)?;
        if n_samples == 1 {
            let (parameters, sample) = (self.parameters().as_slice(), inputs.values);
            forward_one(
                self.spec(),
                parameters,
                sample,
                self.layout(),
                &mut workspace.single,
                logits.as_mut_slice(),
            );
            return Ok(());
        }
        Evaluation {
            network: self,
            inputs: Inputs::from(inputs),
            losses: None,
        }
        .run(workspace, logits.as_mut_slice());
        Ok(())
    }

    /// Refuses a matrix that does not have room for exactly the logits of so many samples.
    fn check_logits(&self, logits: &DMatrix<T>, n_samples: usize) -> Result<(), Error> {
        let n_outputs = self.spec().n_outputs();
        if logits.shape() == (n_outputs, n_samples) {
            return Ok(());
        }
        Err(Error::Shape {
            what: "the logits",
            expected_rows: n_outputs,
            expected_columns: n_samples,
            found_rows: logits.nrows(),
            found_columns: logits.ncols(),
        })
    }

    /// The mean loss of a batch, without dropout.
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss, a workspace of another network.
    pub fn loss(&self, batch: &Batch<'_, T>, workspace: &mut Workspace<T>) -> Result<f64, Error> {
        loss(self, batch, workspace)
    }

    fn loss_here(&self, batch: &Batch<'_, T>, workspace: &mut Workspace<T>) -> Result<f64, Error> {
        workspace.check(self)?;
        let batch = batch.open(self.spec().n_inputs())?;
        let total = self
            .spec()
            .loss
            .total_weight(&batch, self.spec().n_outputs())?;
        let sum = Evaluation {
            network: self,
            inputs: batch.inputs,
            losses: Some((&batch, DeltaScale::mean(total))),
        }
        .run(workspace, &mut []);
        Ok(sum / total)
    }

    /// The mean loss of a batch, without dropout, and its logits, which are written to a matrix of shape
    /// `(n_outputs, n_samples)`: what [`Mlp::loss`] and [`Mlp::forward_into`] give, to the bit, in one forward pass (but that
    /// `forward_into` computes a single sample in another order, and differs by rounding). The logits are written where the loss is not finite, too. Does not allocate.
    ///
    /// ```
    /// use nalgebra::{DMatrix, dmatrix};
    /// use smallbatch_mlp::{Batch, MlpSpec, Targets};
    ///
    /// let inputs = dmatrix![0.0_f32, 0.0, 1.0, 1.0; 0.0, 1.0, 0.0, 1.0];
    /// let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1, 1, 0]));
    /// let network = MlpSpec::new([2, 16, 2]).build::<f32>(1)?;
    /// let mut workspace = network.workspace(4);
    /// let mut logits = DMatrix::zeros(2, 4);
    /// let loss = network.loss_and_logits(&batch, &mut workspace, &mut logits)?;
    /// assert_eq!(loss, network.loss(&batch, &mut workspace)?);
    /// assert_eq!(logits, network.logits(inputs.as_view())?);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss, a workspace of another network, logits of the wrong shape.
    pub fn loss_and_logits(
        &self,
        batch: &Batch<'_, T>,
        workspace: &mut Workspace<T>,
        logits: &mut DMatrix<T>,
    ) -> Result<f64, Error> {
        loss_and_logits(self, batch, workspace, logits)
    }

    fn loss_and_logits_here(
        &self,
        batch: &Batch<'_, T>,
        workspace: &mut Workspace<T>,
        logits: &mut DMatrix<T>,
    ) -> Result<f64, Error> {
        workspace.check(self)?;
        let batch = batch.open(self.spec().n_inputs())?;
        self.check_logits(logits, batch.n_samples())?;
        let n_outputs = self.spec().n_outputs();
        let total = self.spec().loss.total_weight(&batch, n_outputs)?;
        let sum = Evaluation {
            network: self,
            inputs: batch.inputs,
            losses: Some((&batch, DeltaScale::mean(total))),
        }
        .run(workspace, logits.as_mut_slice());
        Ok(sum / total)
    }
}

compiled! {
    fn loss(
        network: &'a Mlp<T>,
        batch: &'a Batch<'a, T>,
        workspace: &'a mut Workspace<T>,
    ) -> Result<f64, Error> = Mlp::loss_here;

    fn loss_and_logits(
        network: &'a Mlp<T>,
        batch: &'a Batch<'a, T>,
        workspace: &'a mut Workspace<T>,
        logits: &'a mut DMatrix<T>,
    ) -> Result<f64, Error> = Mlp::loss_and_logits_here;

    fn forward_into(
        network: &'a Mlp<T>,
        inputs: DMatrixView<'a, T>,
        workspace: &'a mut Workspace<T>,
        logits: &'a mut DMatrix<T>,
    ) -> Result<(), Error> = Mlp::forward_into_here;
}
