//! Splits of two parts: the third has no samples, and whoever needs some says so.

use smallbatch_data::{
    BatchSize, Batches, Dataset, Error, KFolds, Part, Split, Splitter, Strategy, Target,
    TargetScaler, builtin,
};
use smallbatch_preprocess::{QuantileTransformer, StandardScaler};

/// The program that stumbled: rows to train on and rows to stop early on, and the test rows in another file.
#[test]
fn a_split_may_leave_out_the_test_or_the_validation_part() {
    let wine = builtin::wine().unwrap();
    for strategy in [Strategy::Shuffled, Strategy::Stratified] {
        let splitter = Splitter::new(7).strategy(strategy);
        let without_test = splitter.clone().fractions(0.8, 0.2, 0.0);
        let (split, _) = without_test
            .split(&wine)
            .unwrap()
            .scaled_by(&StandardScaler::default())
            .unwrap();
        assert_eq!(
            (split.train().n_samples(), split.validation().n_samples()),
            (142, 36)
        );
        assert!(split.test().is_empty() && split.test().features().shape() == (13, 0));
        assert_eq!(split.test().target().class_counts(), Some(vec![0, 0, 0]));

        let without_validation = splitter.fractions(0.8, 0.0, 0.2);
        let other = without_validation.split(&wine).unwrap();
        assert!(other.validation().is_empty());
        // The same samples, under the other name.
        let assigned = without_test.assign(&wine).unwrap();
        let renamed = without_validation.assign(&wine).unwrap();
        assert!(assigned.iter().zip(&renamed).all(|parts| matches!(
            parts,
            (Part::Train, Part::Train) | (Part::Validation, Part::Test)
        )));
    }
    let all = Splitter::new(7).fractions(1.0, 0.0, 0.0);
    assert_eq!(all.split(&wine).unwrap().train(), &wine);
}

#[test]
fn groups_are_dealt_out_to_two_parts() {
    let airfoil = builtin::airfoil().unwrap();
    let two_groups = airfoil
        .clone()
        .with_groups(
            (0..airfoil.n_samples() as u32)
                .map(|sample| sample % 2)
                .collect(),
        )
        .unwrap();
    let splitter = Splitter::new(1).fractions(0.5, 0.0, 0.5).grouped();
    let split = splitter.split(&two_groups).unwrap();
    assert_eq!(
        split.train().n_samples() + split.test().n_samples(),
        airfoil.n_samples()
    );
    assert!(Splitter::new(1).grouped().split(&two_groups).is_err());
}

#[test]
fn two_folds_test_every_sample_once_and_validate_none() {
    let wine = builtin::wine().unwrap();
    let folds = KFolds::new(&wine, 2, 7, Strategy::Stratified).unwrap();
    let splits: Vec<Split> = folds.splits().collect::<Result<_, _>>().unwrap();
    assert_eq!(splits[0].train(), splits[1].test());
    assert_eq!(splits[0].test(), splits[1].train());
    assert!(splits.iter().all(|split| split.validation().is_empty()));
    assert!(splits.iter().all(|split| split.train().n_samples() == 89));
}

/// A part without samples passes through what only changes data, and is refused by what needs samples: nothing panics.
#[test]
fn a_part_without_samples_is_scaled_and_cast_but_not_used() {
    let bytes = nalgebra::DMatrix::from_fn(3, 20, |row, sample| (7 * sample + row) as u8);
    let images: Dataset =
        Dataset::from_bytes(bytes, Target::classes((0..20).map(|at| at % 2).collect())).unwrap();
    let weighted = builtin::wine()
        .unwrap()
        .with_weights(vec![1.0; 178])
        .unwrap();
    for dataset in [builtin::airfoil().unwrap(), weighted, images] {
        let split = Splitter::new(3)
            .fractions(0.7, 0.3, 0.0)
            .split(&dataset)
            .unwrap();
        let (scaled, _, reports) = split
            .scaled_with_reports(&StandardScaler::default())
            .unwrap();
        assert!(scaled.test().is_empty() && reports[2].is_clean());
        let (on_read, _) = split.scaled_on_read_by(&StandardScaler::default()).unwrap();
        assert!(on_read.test().is_empty() && on_read.test().features().is_empty());
        let (ranked, _) = split.scaled_by(&QuantileTransformer::default()).unwrap();
        assert!(ranked.test().is_empty());
        if dataset.target().labels().is_none() {
            let (scaled, _) = split.with_scaled_targets().unwrap();
            assert!(scaled.test().is_empty());
        }

        let empty = split.test();
        assert!(empty.cast::<f64>().unwrap().is_empty());
        assert_eq!(empty.n_copies(), 0);
        assert_eq!(empty, split.part(Part::Test));
        let errors = [
            Splitter::new(0).split(empty).unwrap_err(),
            Splitter::new(0).stratified().split(empty).unwrap_err(),
            KFolds::new(empty, 2, 0, Strategy::Shuffled).unwrap_err(),
            Batches::new(empty, BatchSize::Full, 0).unwrap_err(),
            Batches::new(empty, BatchSize::Mini(1), 0).unwrap_err(),
            TargetScaler::fit(empty).unwrap_err(),
            empty.subset(&[0]).unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(&error, Error::NoSamples { dataset } if dataset == empty.name()),
                "{error}"
            );
        }
    }
}
