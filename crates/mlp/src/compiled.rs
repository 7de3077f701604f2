//! What is compiled in this crate, for both number types, and not again in every crate that trains a network.
//!
//! Generic functions are compiled where they are used. A training step, with its loops for every kind of vector, takes a
//! compiler a minute: each program that trains would pay that at every build, and each of its tests as well. So the
//! generic functions of a step, of a forward pass and of their parts only call these methods, which are not generic: the idea of [`Scalar::product`](crate::Scalar::product).
//! A test of 300 lines compiles in 6 s instead of 59.

use std::ops::Range;

use nalgebra::{DMatrix, DMatrixView};

use crate::batch::Open;
use crate::kernel::{self, AsTheyAre, Source};
use crate::{Batch, DropoutKey, Error, Loss, Mlp, Optimizer, Parameters, Scalar, Workspace};

/// Declares the trait and implements it for both types. Each method calls the generic function that is named.
macro_rules! compiled {
    ($(
        fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $output:ty)? = $generic:expr;
    )*) => {
        /// The passes and loops of a number type.
        #[allow(private_interfaces, reason = "sealed by `Scalar`, and named by nobody outside")]
        pub trait Compiled: Sized {
            $(
                #[doc(hidden)]
                fn $name($($argument: $type),*) $(-> $output)? where Self: Scalar;
            )*
        }

        #[allow(private_interfaces, reason = "see the trait")]
        impl Compiled for f32 {
            $(fn $name($($argument: $type),*) $(-> $output)? {
                $generic($($argument),*)
            })*
        }

        #[allow(private_interfaces, reason = "see the trait")]
        impl Compiled for f64 {
            $(fn $name($($argument: $type),*) $(-> $output)? {
                $generic($($argument),*)
            })*
        }
    };
}

compiled! {
    fn loss(
        network: &Mlp<Self>,
        batch: &Batch<'_, Self>,
        workspace: &mut Workspace<Self>,
    ) -> Result<f64, Error> = Mlp::loss_here;

    fn loss_and_logits(
        network: &Mlp<Self>,
        batch: &Batch<'_, Self>,
        workspace: &mut Workspace<Self>,
        logits: &mut DMatrix<Self>,
    ) -> Result<f64, Error> = Mlp::loss_and_logits_here;

    fn loss_and_gradient(
        network: &Mlp<Self>,
        batch: &Batch<'_, Self>,
        dropout: Option<DropoutKey>,
        workspace: &mut Workspace<Self>,
        gradient: &mut Parameters<Self>,
    ) -> Result<f64, Error> = Mlp::loss_and_gradient_here;

    fn train_step(
        network: &mut Mlp<Self>,
        batch: &Batch<'_, Self>,
        optimizer: &mut Optimizer<Self>,
        learning_rate: f64,
        dropout_seed: u64,
        workspace: &mut Workspace<Self>,
    ) -> Result<f64, Error> = Mlp::train_step_here;

    fn forward_into(
        network: &Mlp<Self>,
        inputs: DMatrixView<'_, Self>,
        workspace: &mut Workspace<Self>,
        logits: &mut DMatrix<Self>,
    ) -> Result<(), Error> = Mlp::forward_into_here;

    fn update(
        optimizer: &mut Optimizer<Self>,
        parameters: &mut [Self],
        gradient: &[Self],
        learning_rate: f64,
    ) -> Result<(), Error> = Optimizer::update_here;

    fn loss_gradient(
        loss: &Loss,
        logits: &mut [Self],
        chunk: &Open<'_, Self>,
        divisor: f64,
        losses: &mut [f64],
    ) = Loss::gradient_in_place;

    fn into_panels(source: Source<'_, Self>, rows: &Range<usize>, panels: &mut [Self]) =
        (|source, rows, panels| kernel::into_panels(source, AsTheyAre, rows, panels, None));

    fn from_panels(
        panels: &[Self],
        n_rows: usize,
        n_samples: usize,
        samples: &mut [Self],
        stride: usize,
    ) = kernel::from_panels;
}
