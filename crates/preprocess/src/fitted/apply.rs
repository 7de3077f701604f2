//! A fitted scaler at work: matrices in chunks that stay in the first cache, spread over threads when there are many.

use nalgebra::DMatrixView;

use super::FittedScaler;
use crate::fit_data::for_each_block;
use crate::non_finite::refuse_non_finite;
use crate::threads::in_order;
use crate::transform::Table;
use crate::transform::kernels::{self, Counts};
use crate::{Error, NonFinite, Scalar, TransformReport};

/// Values handled at a time: where they are looked at twice, they are still in the first cache.
const CHUNK_VALUES: usize = 4096;
/// Values of one job for a thread.
const JOB_VALUES: usize = 1 << 20;

/// How much is done at a time, in samples; a job is a whole number of chunks.
struct Portions {
    chunk: usize,
    job: usize,
    threads: usize,
}

impl FittedScaler {
    fn portions<T: Scalar>(&self, n_values: usize) -> Result<Portions, Error> {
        // Whole rows of the tables.
        let lanes = self.tables.of::<T>().lanes;
        let chunk = (CHUNK_VALUES / lanes).max(1) * lanes;
        let job = (JOB_VALUES / chunk).max(1) * chunk;
        let d = self.n_features();
        Ok(Portions {
            chunk: chunk / d,
            job: job / d,
            threads: self.threads.for_values::<T>(n_values)?,
        })
    }

    /// Transforms in place. All or nothing: the values are looked through before the first one is changed.
    pub(super) fn transform_values<T: Scalar>(
        &self,
        values: &mut [T],
        n_samples: usize,
    ) -> Result<TransformReport, Error> {
        let (d, table) = (self.n_features(), self.tables.of::<T>());
        let portions = self.portions::<T>(values.len())?;
        let watch = match self.non_finite() {
            NonFinite::Ignore => true,
            NonFinite::Refuse => {
                let mut outside = false;
                in_order(
                    values.chunks(portions.job * d),
                    portions.threads,
                    |values| Ok(kernels::any_outside(values, table)),
                    |part| outside |= part,
                )?;
                if outside && kernels::any_non_finite(values) {
                    refuse_non_finite(values, d, 0, Some(&self.body.names))?;
                }
                outside
            }
        };
        let mut report = TransformReport::new(n_samples);
        in_order(
            values.chunks_mut(portions.job * d),
            portions.threads,
            |values| {
                let mut report = TransformReport::default();
                for chunk in values.chunks_mut(portions.chunk * d) {
                    if watch && kernels::any_outside(chunk, table) {
                        self.count_outside(chunk, table, &mut report);
                    }
                    self.body.map.forward(chunk, &self.tables, &mut report);
                }
                Ok(report)
            },
            |part| report.merge(&part),
        )?;
        report.name_features(&self.body.names);
        Ok(report)
    }

    /// Transforms samples into a slice of their number of values.
    pub(super) fn transform_view<T: Scalar>(
        &self,
        samples: DMatrixView<'_, T>,
        target: &mut [T],
    ) -> Result<TransformReport, Error> {
        let d = self.n_features();
        let portions = self.portions::<T>(target.len())?;
        let mut report = TransformReport::new(samples.ncols());
        in_order(
            target.chunks_mut(portions.job * d).enumerate(),
            portions.threads,
            |(index, target)| {
                let start = index * portions.job;
                let mut report = TransformReport::default();
                let samples = samples.columns(start, target.len() / d);
                for_each_block(samples, portions.chunk, |first, values| {
                    let target = &mut target[first * d..first * d + values.len()];
                    self.transform_chunk_into(values, target, start + first, &mut report)
                })?;
                Ok(report)
            },
            |part| report.merge(&part),
        )?;
        report.name_features(&self.body.names);
        Ok(report)
    }

    /// `chunk` starts with the sample `first`.
    fn transform_chunk_into<T: Scalar>(
        &self,
        chunk: &[T],
        target: &mut [T],
        first: usize,
        report: &mut TransformReport,
    ) -> Result<(), Error> {
        let table = self.tables.of::<T>();
        let outside = self
            .body
            .map
            .forward_into(chunk, target, &self.tables, report);
        if outside {
            if self.non_finite() == NonFinite::Refuse {
                let (d, names) = (self.n_features(), Some(&self.body.names[..]));
                refuse_non_finite(chunk, d, first as u64, names)?;
            }
            self.count_outside(chunk, table, report);
        }
        Ok(())
    }

    fn count_outside<T: Scalar>(
        &self,
        chunk: &[T],
        table: &Table<T>,
        report: &mut TransformReport,
    ) {
        let d = self.n_features();
        let mut lanes = Counts::new(table.lanes);
        kernels::count_outside(chunk, table, &mut lanes);
        let counts = report.outside_mut(d);
        for lane in 0..table.lanes {
            let feature = &mut counts[lane % d];
            feature.below += u64::from(lanes.below[lane]);
            feature.above += u64::from(lanes.above[lane]);
            feature.nan += u64::from(lanes.nan[lane]);
        }
    }

    /// Undoes the transform in place.
    pub(super) fn inverse_values<T: Scalar>(&self, values: &mut [T]) -> Result<(), Error> {
        self.check_invertible()?;
        let portions = self.portions::<T>(values.len())?;
        in_order(
            values.chunks_mut(portions.job * self.n_features()),
            portions.threads,
            |values| self.body.map.backward(values, &self.tables),
            |()| (),
        )
    }

    /// Undoes the transform of scaled samples into a slice of their number of values.
    pub(super) fn inverse_view<T: Scalar>(
        &self,
        scaled: DMatrixView<'_, T>,
        target: &mut [T],
    ) -> Result<(), Error> {
        self.check_invertible()?;
        let d = self.n_features();
        let portions = self.portions::<T>(target.len())?;
        in_order(
            target.chunks_mut(portions.job * d).enumerate(),
            portions.threads,
            |(index, target)| {
                let scaled = scaled.columns(index * portions.job, target.len() / d);
                for_each_block(scaled, portions.chunk, |first, values| {
                    let target = &mut target[first * d..first * d + values.len()];
                    target.copy_from_slice(values);
                    self.body.map.backward(target, &self.tables)
                })
            },
            |()| (),
        )
    }

    fn check_invertible(&self) -> Result<(), Error> {
        if self.is_invertible() {
            return Ok(());
        }
        Err(Error::NotInvertible {
            scaler: self.body.scaler.name(),
        })
    }
}
