//! Batches against a naive way of making them.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use nalgebra::DMatrix;
use proptest::prelude::*;
use smallbatch_data::{BatchSize, BatchTarget, Batches, Dataset, Error, Target};

/// Feature f of sample s is 100 s + f, so that every value says where it came from.
fn features(n_features: usize, n_samples: usize) -> DMatrix<f32> {
    DMatrix::from_fn(n_features, n_samples, |feature, sample| {
        (100 * sample + feature) as f32
    })
}

fn classes(n_features: usize, n_samples: usize) -> Dataset {
    let labels = (0..n_samples as u32).collect();
    let names = (0..n_samples.max(2))
        .map(|label| format!("class {label}"))
        .collect();
    Dataset::new(
        features(n_features, n_samples),
        Target::Classes { labels, names },
    )
    .unwrap()
}

fn numbers(n_features: usize, n_samples: usize) -> Dataset {
    let values = DMatrix::from_fn(2, n_samples, |output, sample| (10 * sample + output) as f32);
    Dataset::new(features(n_features, n_samples), Target::values(values))
        .unwrap()
        .with_weights((1..=n_samples).map(|weight| weight as f32).collect())
        .unwrap()
}

/// The samples of each batch of an epoch, recognized by their labels.
fn epoch_of(batches: &mut Batches<'_, f32>, epoch: u64) -> Vec<Vec<u32>> {
    batches.start_epoch(epoch);
    let mut seen = Vec::new();
    while let Some(batch) = batches.next_batch() {
        let BatchTarget::Labels(labels) = batch.target else {
            panic!("labels went in")
        };
        assert_eq!(labels.len(), batch.features.ncols());
        seen.push(labels.to_vec());
    }
    seen
}

proptest! {
    #[test]
    fn an_epoch_visits_every_sample_once_and_keeps_the_short_last_batch(
        n_samples in 1_usize..200, size in 1_usize..200, seed: u64, epoch: u64,
    ) {
        prop_assume!(size <= n_samples);
        let dataset = classes(3, n_samples);
        let mut batches = Batches::new(&dataset, BatchSize::Mini(size), seed).unwrap();
        let seen = epoch_of(&mut batches, epoch);

        prop_assert_eq!(seen.len(), batches.n_batches());
        prop_assert_eq!(batches.n_batches(), n_samples.div_ceil(size));
        let last = seen.len() - 1;
        prop_assert!(seen[..last].iter().all(|batch| batch.len() == size));
        prop_assert_eq!(seen[last].len(), n_samples - last * size);
        let mut all: Vec<u32> = seen.concat();
        let order: Vec<u32> = batches.order().unwrap().iter().map(|&sample| sample as u32).collect();
        prop_assert_eq!(&all, &order);
        all.sort_unstable();
        prop_assert_eq!(all, (0..n_samples as u32).collect::<Vec<_>>());
    }

    #[test]
    fn gathering_equals_selecting(
        n_features in 1_usize..20, n_samples in 1_usize..60, size in 1_usize..60, seed: u64,
    ) {
        prop_assume!(size <= n_samples);
        let dataset = numbers(n_features, n_samples);
        let mut batches = Batches::new(&dataset, BatchSize::Mini(size), seed).unwrap();
        // Two epochs through the one buffer: what an earlier batch left there must not show.
        for epoch in 0..2 {
            batches.start_epoch(epoch);
            let order = batches.order().unwrap().to_vec();
            for samples in order.chunks(size) {
                let batch = batches.next_batch().unwrap();
                prop_assert_eq!(batch.features, dataset.features().select_columns(samples));
                let BatchTarget::Values(values) = batch.target else { panic!("numbers went in") };
                prop_assert_eq!(values, dataset.target().as_values().unwrap().select_columns(samples));
                let weights: Vec<f32> = samples.iter().map(|&s| dataset.weights().unwrap()[s]).collect();
                prop_assert_eq!(batch.weights.unwrap(), &weights[..]);
            }
            prop_assert!(batches.next_batch().is_none());
        }
    }

    #[test]
    fn resuming_gives_the_batches_that_were_left(
        n_samples in 2_usize..100, size in 1_usize..30, seed: u64, epoch in 0_u64..50, skipped in 0_usize..100,
    ) {
        prop_assume!(size <= n_samples);
        let dataset = classes(2, n_samples);
        let mut whole = Batches::new(&dataset, BatchSize::Mini(size), seed).unwrap();
        // Reached through other epochs, one of them left in the middle.
        whole.start_epoch(epoch + 1);
        whole.next_batch();
        let expected = epoch_of(&mut whole, epoch);
        let skipped = skipped % (expected.len() + 1);

        let mut resumed = Batches::new(&dataset, BatchSize::Mini(size), seed).unwrap();
        resumed.start_epoch(epoch);
        resumed.skip_to(skipped).unwrap();
        let mut rest = Vec::new();
        while let Some(batch) = resumed.next_batch() {
            let BatchTarget::Labels(labels) = batch.target else { panic!("labels went in") };
            rest.push(labels.to_vec());
        }
        prop_assert_eq!(&rest[..], &expected[skipped..]);
        prop_assert_eq!((resumed.epoch(), resumed.position()), (epoch, resumed.n_batches()));
    }
}

/// Columns of few rows are copied in pieces whose length depends on the number of rows: each of them, and some beyond.
#[test]
fn columns_of_every_length_are_gathered_whole() {
    for n_features in 1..=40 {
        let dataset = classes(n_features, 9);
        let mut batches = Batches::new(&dataset, BatchSize::Mini(4), 3).unwrap();
        let order = batches.order().unwrap().to_vec();
        for samples in order.chunks(4) {
            let batch = batches.next_batch().unwrap();
            let expected = dataset.features().select_columns(samples);
            assert_eq!(batch.features, expected, "{n_features} features");
        }
    }
}

#[test]
fn the_order_depends_on_seed_and_epoch_and_on_nothing_else() {
    let dataset = classes(1, 100);
    let mut one = Batches::new(&dataset, BatchSize::Mini(7), 1).unwrap();
    let mut same = Batches::new(&dataset, BatchSize::Mini(30), 1).unwrap();
    let mut other = Batches::new(&dataset, BatchSize::Mini(7), 2).unwrap();
    let first = epoch_of(&mut one, 0).concat();
    let second = epoch_of(&mut one, 1).concat();
    assert_ne!(first, (0..100).collect::<Vec<u32>>(), "not shuffled");
    assert_ne!(first, second, "the epoch must change the order");
    assert_ne!(
        first,
        epoch_of(&mut other, 0).concat(),
        "the seed must change the order"
    );
    assert_ne!(
        second,
        epoch_of(&mut other, 0).concat(),
        "seed and epoch must not be added up"
    );
    assert_eq!(
        first,
        epoch_of(&mut same, 0).concat(),
        "the batch size must not change the order"
    );
    assert_eq!(
        first,
        epoch_of(&mut one, 0).concat(),
        "the epochs before must not change the order"
    );
}

/// A change of these numbers would silently change every recorded run.
#[test]
fn recorded_orders_stay_what_they_were() {
    let dataset = classes(1, 10);
    let mut batches = Batches::new(&dataset, BatchSize::Mini(10), 7).unwrap();
    assert_eq!(batches.order().unwrap(), RECORDED[0]);
    batches.start_epoch(1);
    assert_eq!(batches.order().unwrap(), RECORDED[1]);
}

/// Computed by an independent implementation of ChaCha8 and of the shuffle, in Python.
const RECORDED: [[usize; 10]; 2] = [
    [4, 5, 7, 3, 8, 0, 1, 9, 6, 2],
    [8, 9, 6, 2, 7, 4, 5, 1, 0, 3],
];

#[test]
fn a_new_set_of_batches_stands_at_epoch_0() {
    let dataset = classes(1, 20);
    let mut fresh = Batches::new(&dataset, BatchSize::Mini(6), 5).unwrap();
    assert_eq!(
        (
            fresh.epoch(),
            fresh.position(),
            fresh.n_batches(),
            fresh.max_samples()
        ),
        (0, 0, 4, 6)
    );
    let first = fresh.next_batch().unwrap().features.clone_owned();
    fresh.start_epoch(0);
    assert_eq!(fresh.next_batch().unwrap().features, first);
}

#[test]
fn the_full_batch_is_the_data_set_itself() {
    let dataset = numbers(4, 50);
    let mut batches = Batches::new(&dataset, BatchSize::Full, 3).unwrap();
    assert_eq!(
        (batches.n_batches(), batches.max_samples(), batches.order()),
        (1, 50, None)
    );
    for epoch in [0, 9] {
        batches.start_epoch(epoch);
        let batch = batches.next_batch().unwrap();
        // The same memory: not a copy of it.
        assert_eq!(batch.features.as_ptr(), dataset.features().as_ptr());
        assert_eq!(batch.features, *dataset.features());
        assert_eq!(
            batch.weights.unwrap().as_ptr(),
            dataset.weights().unwrap().as_ptr()
        );
        let BatchTarget::Values(values) = batch.target else {
            panic!("numbers went in")
        };
        assert_eq!(
            values.as_ptr(),
            dataset.target().as_values().unwrap().as_ptr()
        );
        assert!(batches.next_batch().is_none());
    }
}

#[test]
fn every_batch_lies_in_the_one_buffer() {
    let dataset = classes(4, 50);
    let mut batches = Batches::new(&dataset, BatchSize::Mini(8), 3).unwrap();
    let address = batches.next_batch().unwrap().features.as_ptr();
    for epoch in 0..3 {
        batches.start_epoch(epoch);
        while let Some(batch) = batches.next_batch() {
            assert_eq!(batch.features.as_ptr(), address);
        }
    }
}

#[test]
fn a_batch_size_of_0_or_above_n_is_an_error_with_a_way_out() {
    let dataset = classes(2, 10);
    for size in [0, 11, usize::MAX] {
        let error = Batches::new(&dataset, BatchSize::Mini(size), 0).unwrap_err();
        assert!(
            matches!(error, Error::BatchSize { size: s, n_samples: 10 } if s == size),
            "{error:?}"
        );
        assert_eq!(
            error.to_string(),
            format!("batch size {size} does not fit 10 samples; use 1 to 10, or \"full\"")
        );
    }
}

#[test]
fn skipping_beyond_the_end_is_an_error() {
    let dataset = classes(2, 10);
    let mut batches = Batches::new(&dataset, BatchSize::Mini(4), 0).unwrap();
    batches.skip_to(3).unwrap();
    assert!(batches.next_batch().is_none());
    for batch in [4, usize::MAX] {
        let error = batches.skip_to(batch).unwrap_err();
        assert!(
            matches!(error, Error::BatchOutOfRange { n_batches: 3, .. }),
            "{error:?}"
        );
    }
    assert_eq!(batches.position(), 3);
}

#[test]
fn no_batch_and_no_epoch_allocates() {
    for dataset in [classes(8, 100), numbers(8, 100)] {
        for size in [BatchSize::Mini(1), BatchSize::Mini(32), BatchSize::Full] {
            let mut batches = Batches::new(&dataset, size, 1).unwrap();
            let mut samples = 0;
            // The first makes room for the features.
            batches.next_batch();
            let counted = allocation_counter::measure(|| {
                for epoch in 0..3 {
                    batches.start_epoch(epoch);
                    while let Some(batch) = batches.next_batch() {
                        samples += batch.n_samples();
                    }
                }
            });
            assert_eq!(
                (counted.count_total, samples),
                (0, 300),
                "batch size {size}"
            );
        }
    }
    // What is counted is real: making the batches does allocate.
    let dataset = classes(8, 100);
    let counted =
        allocation_counter::measure(|| drop(Batches::new(&dataset, BatchSize::Mini(32), 1)));
    assert!(counted.count_total > 0);
}
