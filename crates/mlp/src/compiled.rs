//! What is compiled in this crate, for both number types, and not again in every crate that trains a network: a step, a forward
//! pass and their parts.

use std::ops::Range;

use faer::{Accum, MatMut, MatRef};
use nalgebra::{DMatrix, DMatrixView};

use crate::batch::Open;
use crate::kernel::{self, AsTheyAre, Source};
use crate::{Batch, DropoutKey, Error, Loss, Mlp, Optimizer, Parameters, Workspace};

smallbatch_base::compiled! {
    pub(crate) fn loss(
        network: &'a Mlp<T>,
        batch: &'a Batch<'a, T>,
        workspace: &'a mut Workspace<T>,
    ) -> Result<f64, Error> = Mlp::loss_here;

    pub(crate) fn loss_and_logits(
        network: &'a Mlp<T>,
        batch: &'a Batch<'a, T>,
        workspace: &'a mut Workspace<T>,
        logits: &'a mut DMatrix<T>,
    ) -> Result<f64, Error> = Mlp::loss_and_logits_here;

    pub(crate) fn loss_and_gradient(
        network: &'a Mlp<T>,
        batch: &'a Batch<'a, T>,
        dropout: Option<DropoutKey>,
        workspace: &'a mut Workspace<T>,
        gradient: &'a mut Parameters<T>,
    ) -> Result<f64, Error> = Mlp::loss_and_gradient_here;

    pub(crate) fn train_step(
        network: &'a mut Mlp<T>,
        batch: &'a Batch<'a, T>,
        optimizer: &'a mut Optimizer<T>,
        learning_rate: f64,
        dropout_seed: u64,
        workspace: &'a mut Workspace<T>,
    ) -> Result<f64, Error> = Mlp::train_step_here;

    pub(crate) fn forward_into(
        network: &'a Mlp<T>,
        inputs: DMatrixView<'a, T>,
        workspace: &'a mut Workspace<T>,
        logits: &'a mut DMatrix<T>,
    ) -> Result<(), Error> = Mlp::forward_into_here;

    pub(crate) fn update(
        optimizer: &'a mut Optimizer<T>,
        parameters: &'a mut [T],
        gradient: &'a [T],
        learning_rate: f64,
    ) -> Result<(), Error> = Optimizer::update_here;

    pub(crate) fn loss_gradient(
        loss: &'a Loss,
        logits: &'a mut [T],
        chunk: &'a Open<'a, T>,
        divisor: f64,
        losses: &'a mut [f64],
    ) -> () = Loss::gradient_in_place;

    pub(crate) fn into_panels(
        source: Source<'a, T>,
        rows: &'a Range<usize>,
        panels: &'a mut [T],
    ) -> () = (|source, rows, panels| kernel::into_panels(source, AsTheyAre, rows, panels, None));

    pub(crate) fn from_panels(
        panels: &'a [T],
        n_rows: usize,
        n_samples: usize,
        samples: &'a mut [T],
        stride: usize,
    ) -> () = kernel::from_panels;

    /// See `product::matmul`, which has its only call.
    pub(crate) fn product(
        dst: MatMut<'a, T>,
        accum: Accum,
        lhs: MatRef<'a, T>,
        rhs: MatRef<'a, T>,
        alpha: T,
    ) -> () = (|dst, accum, lhs, rhs, alpha| {
        faer::linalg::matmul::matmul(dst, accum, lhs, rhs, alpha, faer::Par::Seq);
    });
}
