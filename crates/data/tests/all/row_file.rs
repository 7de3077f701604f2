//! Rows in a file, and epochs of them.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use nalgebra::DMatrix;
use smallbatch_data::{
    BatchSize, BatchTarget, Batches, Dataset, Error, FileBatches, RowFile, RowFileWriter,
    StoredValues, Target,
};

/// Row i has the features i and -i, the target i / 2.
fn rows(n: usize) -> Dataset<f64> {
    let features = DMatrix::from_fn(2, n, |at, row| [1.0, -1.0][at] * row as f64);
    Dataset::new(
        features,
        Target::numbers((0..n).map(|y| y as f64 / 2.0).collect()),
    )
    .unwrap()
    .with_weights((0..n).map(|row| 1.0 + row as f64).collect())
    .unwrap()
}

fn file(data: &Dataset<f64>, most_rows: usize) -> RowFile<f64> {
    let mut writer = RowFileWriter::new(std::env::temp_dir()).unwrap();
    let n = data.n_samples();
    for start in (0..n).step_by(7) {
        let piece: Vec<usize> = (start..n.min(start + 7)).collect();
        writer.push(&data.subset(&piece).unwrap()).unwrap();
    }
    writer.finish(most_rows).unwrap()
}

/// The rows of an epoch from a batch on; each of them is checked to be whole.
fn epoch(batches: &mut FileBatches<'_, f64>) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    while let Some(batch) = batches.next_choice().unwrap() {
        let (StoredValues::Numbers(numbers), BatchTarget::Values(target)) =
            (batch.features.values, batch.target)
        else {
            panic!()
        };
        let mut rows = Vec::new();
        for (at, &sample) in batch.samples.unwrap().iter().enumerate() {
            let row = numbers[(0, sample)];
            assert_eq!(numbers[(1, sample)], -row);
            assert_eq!(target[(0, at)], row / 2.0);
            assert_eq!(batch.weights.unwrap()[at], 1.0 + row);
            rows.push(row as usize);
        }
        found.push(rows);
    }
    found
}

#[test]
fn each_epoch_is_another_permutation_and_a_pure_function_of_seed_and_epoch() {
    // Windows of blocks of one row and of several; a short last block, batch and window.
    for (n, most_rows, batch_size) in [(100, 10, 3), (1_001, 600, 7), (2_000, 1_024, 32)] {
        let rows = file(&rows(n), most_rows);
        assert!(rows.held().is_none());
        let mut batches = FileBatches::new(&rows, BatchSize::Mini(batch_size), 5).unwrap();
        let orders: Vec<_> = (0..3)
            .map(|at| {
                batches.start_epoch(at);
                epoch(&mut batches)
            })
            .collect();
        for order in &orders {
            assert_eq!(order.len(), n.div_ceil(batch_size));
            assert!(
                order[..order.len() - 1]
                    .iter()
                    .all(|batch| batch.len() == batch_size)
            );
            let mut all = order.concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..n));
        }
        assert_ne!(orders[0], orders[1]);
        let mut again = FileBatches::new(&rows, BatchSize::Mini(batch_size), 5).unwrap();
        again.start_epoch(1);
        again.skip_to(9).unwrap();
        assert_eq!(epoch(&mut again), orders[1][9..]);
        assert!(again.skip_to(n).is_err());
    }
}

#[test]
fn a_window_that_holds_all_is_an_epoch_in_memory() {
    let data = rows(300);
    let rows = file(&data, 300);
    assert_eq!(rows.held(), Some(&data));
    let mut from_file = FileBatches::new(&rows, BatchSize::Mini(32), 9).unwrap();
    let mut in_memory = Batches::new(&data, BatchSize::Mini(32), 9).unwrap();
    for at in 0..3 {
        from_file.start_epoch(at);
        in_memory.start_epoch(at);
        assert_eq!(epoch(&mut from_file).concat(), in_memory.order().unwrap());
    }
}

#[test]
fn a_window_of_a_sorted_file_has_rows_of_all_of_it() {
    let rows = file(&rows(10_000), 1_000);
    let mut batches = FileBatches::new(&rows, BatchSize::Mini(100), 1).unwrap();
    let first: Vec<usize> = epoch(&mut batches)[0].clone();
    let mean = first.iter().sum::<usize>() as f64 / 100.0;
    // The mean of 100 of 0 to 9,999 has a deviation of 290; a window of neighbours would be at most 1,000 wide.
    assert!((mean - 5_000.0).abs() < 1_200.0, "{mean}");
}

#[test]
fn the_full_batch_comes_in_pieces_in_the_order_of_the_file() {
    let rows = file(&rows(25), 10);
    let mut batches = FileBatches::new(&rows, BatchSize::Full, 1).unwrap();
    for _ in 0..2 {
        batches.start_epoch(0);
        let pieces = epoch(&mut batches);
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert!(pieces.concat().into_iter().eq(0..25));
    }
}

#[test]
fn numbers_come_back_to_the_bit() {
    let features = DMatrix::from_row_slice(1, 3, &[0.1_f32, f32::MIN_POSITIVE / 3.0, -0.0]);
    let data = Dataset::new(features, Target::classes(vec![2, 0, 1])).unwrap();
    let mut writer = RowFileWriter::new(std::env::temp_dir()).unwrap();
    writer.push(&data).unwrap();
    let rows = writer.finish(2).unwrap();
    assert_eq!(rows.class_counts(), [1, 1, 1]);
    let selected = rows.select(&[2, 0, 1]).unwrap();
    assert_eq!(selected.target().labels(), Some(&[1, 2, 0][..]));
    let bits = |data: &Dataset<f32>, at| data.features()[(0, at)].to_bits();
    assert!(
        [(0, 2), (1, 0), (2, 1)]
            .iter()
            .all(|&(a, b)| bits(&selected, a) == bits(&data, b))
    );
    assert!(matches!(
        rows.select(&[3]),
        Err(Error::SampleOutOfRange { .. })
    ));
}

#[test]
fn rows_of_another_kind_are_refused() {
    let mut writer = RowFileWriter::<f64>::new(std::env::temp_dir()).unwrap();
    writer.push(&rows(5)).unwrap();
    let unlike = Dataset::new(DMatrix::zeros(3, 1), Target::numbers(vec![1.0])).unwrap();
    let unweighed = Dataset::new(DMatrix::zeros(2, 1), Target::numbers(vec![1.0])).unwrap();
    let classes = Dataset::new(DMatrix::zeros(2, 2), Target::classes(vec![0, 1])).unwrap();
    for (other, what) in [
        (unlike, "feature names"),
        (unweighed, "weights"),
        (classes, "target"),
    ] {
        let error = writer.push(&other).unwrap_err();
        assert!(
            matches!(error, Error::RowsDiffer { what: found } if found == what),
            "{error}"
        );
    }
    let empty = RowFileWriter::<f64>::new(std::env::temp_dir()).unwrap();
    assert!(matches!(empty.finish(1), Err(Error::EmptySelection)));
    assert!(RowFileWriter::<f64>::new("no such folder").is_err());
}

/// What is read is a window, and nothing is allocated for it again.
#[test]
fn epochs_allocate_nothing() {
    let rows = file(&rows(1_000), 128);
    let mut batches = FileBatches::new(&rows, BatchSize::Mini(16), 1).unwrap();
    while batches.next_choice().unwrap().is_some() {}
    let counted = allocation_counter::measure(|| {
        batches.start_epoch(1);
        while batches.next_choice().unwrap().is_some() {}
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_file_knows_what_its_rows_weigh() {
    assert_eq!(file(&rows(10), 3).weight_sums(), [55.0]);
    let classes = rows(10).with_target(Target::classes((0..10).map(|row| row % 2).collect()));
    assert_eq!(file(&classes.unwrap(), 3).weight_sums(), [25.0, 30.0]);
    let plain = Dataset::new(DMatrix::<f64>::zeros(1, 3), Target::classes(vec![1, 1, 0]));
    assert_eq!(file(&plain.unwrap(), 3).weight_sums(), [1.0, 2.0]);
}
