//! Splits and folds: partitions, proportions, groups, and refusals.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::DMatrix;
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use smallbatch_data::{Dataset, Error, KFolds, Part, Split, Splitter, Strategy, Target};

/// One feature, the sample's own index, so that a part says which samples it holds.
fn indexed(n_samples: usize, target: Target) -> Dataset {
    Dataset::new(
        DMatrix::from_fn(1, n_samples, |_, sample| sample as f32),
        target,
    )
    .unwrap()
    .with_name("indexed")
}

fn plain(n_samples: usize) -> Dataset {
    indexed(n_samples, Target::numbers(vec![0.0; n_samples]))
}

fn labelled(labels: &[u32], n_classes: u32) -> Dataset {
    let names = (0..n_classes)
        .map(|class| format!("class {class}"))
        .collect();
    indexed(
        labels.len(),
        Target::Classes {
            labels: labels.to_vec(),
            names,
        },
    )
}

fn held(part: &Dataset) -> Vec<usize> {
    part.features()
        .iter()
        .map(|&index| index as usize)
        .collect()
}

fn parts(split: &Split) -> [&Dataset; 3] {
    [split.train(), split.validation(), split.test()]
}

/// Disjoint and complete, in the order of the data set.
fn assert_partition(split: &Split, n_samples: usize) {
    let mut all: Vec<usize> = parts(split).iter().flat_map(|part| held(part)).collect();
    assert!(parts(split).iter().all(|part| held(part).is_sorted()));
    all.sort_unstable();
    assert_eq!(all, (0..n_samples).collect::<Vec<_>>());
}

/// Fractions of at least 0.1 each.
fn fractions() -> impl proptest::strategy::Strategy<Value = [f64; 3]> {
    (0.1..0.8_f64, 0.1..0.9_f64).prop_map(|(validation, share)| {
        let rest = 1.0 - validation;
        let test = 0.1 + (rest - 0.2) * share;
        [1.0 - validation - test, validation, test]
    })
}

proptest! {
    #[test]
    fn a_shuffled_split_is_a_partition_of_the_right_sizes(n in 30_usize..300, fractions in fractions(), seed: u64) {
        let [train, validation, test] = fractions;
        let split = Splitter::new(seed).fractions(train, validation, test).split(&plain(n)).unwrap();
        assert_partition(&split, n);
        for (part, fraction) in parts(&split).into_iter().zip(fractions) {
            prop_assert!((part.n_samples() as f64 - n as f64 * fraction).abs() < 1.0);
        }
    }

    #[test]
    fn a_stratified_split_keeps_every_class_in_proportion(
        labels in prop::collection::vec(0_u32..4, 200..400), fractions in fractions(), seed: u64,
    ) {
        let dataset = labelled(&labels, 4);
        let counts = dataset.target().class_counts().unwrap();
        prop_assume!(counts.iter().all(|&count| count >= 10));
        let [train, validation, test] = fractions;
        let splitter = Splitter::new(seed).fractions(train, validation, test).stratified();
        let split = splitter.split(&dataset).unwrap();
        assert_partition(&split, labels.len());
        for (part, fraction) in parts(&split).into_iter().zip(fractions) {
            for (count, total) in part.target().class_counts().unwrap().into_iter().zip(&counts) {
                let exact = *total as f64 * fraction;
                prop_assert!((count as f64 - exact).abs() < 1.0, "{} for {}", count, exact);
            }
        }
    }

    #[test]
    fn a_grouped_split_never_separates_relatives(
        groups in prop::collection::vec(0_u32..30, 60..200), fractions in fractions(), seed: u64,
    ) {
        let dataset = plain(groups.len()).with_groups(groups.clone()).unwrap();
        let largest = groups.iter().fold(BTreeMap::new(), |mut sizes: BTreeMap<u32, usize>, &group| {
            *sizes.entry(group).or_default() += 1;
            sizes
        }).into_values().max().unwrap();
        let [train, validation, test] = fractions;
        let splitter = Splitter::new(seed).fractions(train, validation, test).grouped();
        let split = splitter.split(&dataset).unwrap();
        assert_partition(&split, groups.len());
        let kept: Vec<BTreeSet<u32>> =
            parts(&split).iter().map(|part| part.groups().unwrap().iter().copied().collect()).collect();
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            prop_assert!(kept[a].is_disjoint(&kept[b]));
        }
        for (part, fraction) in parts(&split).into_iter().zip(fractions) {
            let exact = groups.len() as f64 * fraction;
            prop_assert!((part.n_samples() as f64 - exact).abs() < largest as f64);
        }
    }

    #[test]
    fn folds_test_and_validate_every_sample_once(
        labels in prop::collection::vec(0_u32..3, 60..150), k in 3_usize..8, seed: u64, which in 0_usize..3,
    ) {
        let strategy = [Strategy::Shuffled, Strategy::Stratified, Strategy::Grouped][which];
        let n = labels.len();
        let groups: Vec<u32> = (0..n as u32).map(|sample| sample / 3).collect();
        let dataset = labelled(&labels, 3).with_groups(groups).unwrap();
        prop_assume!(dataset.target().class_counts().unwrap().iter().all(|&count| count >= k));
        let folds = KFolds::new(&dataset, k, seed, strategy).unwrap();
        let (mut tested, mut validated) = (vec![0; n], vec![0; n]);
        for (index, split) in folds.splits().enumerate() {
            let split = split.unwrap();
            assert_partition(&split, n);
            held(split.test()).into_iter().for_each(|sample| tested[sample] += 1);
            held(split.validation()).into_iter().for_each(|sample| validated[sample] += 1);
            prop_assert!(held(split.test()).iter().all(|&sample| folds.fold_of()[sample] == index));
        }
        prop_assert!(tested.iter().chain(&validated).all(|&times| times == 1));

        let mut sizes = vec![vec![0_usize; 3]; k];
        for (&fold, &label) in folds.fold_of().iter().zip(&labels) {
            sizes[fold][label as usize] += 1;
        }
        let spread = |counts: Vec<usize>| counts.iter().max().unwrap() - counts.iter().min().unwrap();
        let totals: Vec<usize> = sizes.iter().map(|counts| counts.iter().sum()).collect();
        match strategy {
            Strategy::Stratified => {
                for class in 0..3 {
                    prop_assert!(spread(sizes.iter().map(|counts| counts[class]).collect()) <= 1);
                }
                // What one class rounds up, the next rounds down.
                prop_assert!(spread(totals) <= 2);
            }
            Strategy::Grouped => {
                for group in folds.fold_of().chunks(3) {
                    prop_assert!(group.iter().all(|fold| *fold == group[0]));
                }
                prop_assert!(spread(totals) <= 3);
            }
            _ => prop_assert!(spread(totals) <= 1),
        }
    }
}

#[test]
fn splits_depend_on_the_seed_and_only_on_it() {
    let labels: Vec<u32> = (0..60).map(|sample| sample % 3).collect();
    let dataset = labelled(&labels, 3)
        .with_groups((0..60).map(|sample| sample / 2).collect())
        .unwrap();
    for strategy in [Strategy::Shuffled, Strategy::Stratified, Strategy::Grouped] {
        let assign = |seed| {
            Splitter::new(seed)
                .strategy(strategy)
                .assign(&dataset)
                .unwrap()
        };
        assert_eq!(assign(1), assign(1));
        assert_ne!(assign(1), assign(2), "{strategy:?}");
        let folds = |seed| {
            KFolds::new(&dataset, 4, seed, strategy)
                .unwrap()
                .fold_of()
                .to_vec()
        };
        assert_eq!(folds(1), folds(1));
        assert_ne!(folds(1), folds(2), "{strategy:?}");
    }
}

#[test]
fn labels_weights_and_groups_go_with_their_samples() {
    let labels: Vec<u32> = (0..90).map(|sample| (sample / 7) % 3).collect();
    let dataset = labelled(&labels, 3)
        .with_weights((0..90).map(|sample| 1.0 + sample as f32).collect())
        .unwrap()
        .with_groups((1000..1090).collect())
        .unwrap();
    let split = Splitter::new(4).split(&dataset).unwrap();
    for part in parts(&split) {
        for (at, sample) in held(part).into_iter().enumerate() {
            assert_eq!(part.target().labels().unwrap()[at], labels[sample]);
            assert_eq!(part.weights().unwrap()[at], 1.0 + sample as f32);
            assert_eq!(part.groups().unwrap()[at], 1000 + sample as u32);
        }
    }
}

#[test]
fn few_groups_still_reach_every_part() {
    // By the largest lack alone, all three groups would go to training.
    let dataset = plain(30)
        .with_groups((0..30).map(|sample| sample / 10).collect())
        .unwrap();
    for seed in 0..20 {
        let split = Splitter::new(seed)
            .fractions(0.8, 0.1, 0.1)
            .grouped()
            .split(&dataset)
            .unwrap();
        assert!(parts(&split).iter().all(|part| part.n_samples() == 10));
    }
}

#[test]
fn fractions_are_checked_before_the_data() {
    let nothing = Splitter::new(0).fractions(0.5, 0.5, 0.0).split(&plain(4));
    let nothing = nothing.unwrap().test().clone();
    assert!(nothing.is_empty());
    for (train, validation, test) in [
        (0.0, 0.5, 0.5),
        (0.9, 0.2, -0.1),
        (0.5, 0.2, 0.2),
        (0.8, 0.2, 0.2),
        (f64::NAN, 0.2, 0.2),
        (f64::INFINITY, 0.2, 0.2),
    ] {
        let error = Splitter::new(0)
            .fractions(train, validation, test)
            .split(&nothing)
            .unwrap_err();
        assert!(matches!(error, Error::BadFractions { .. }));
        assert!(
            error.to_string().contains(&format!("train {train}")),
            "{error}"
        );
    }
    let sound = Splitter::new(0).fractions(0.7, 0.2, 0.1);
    assert!(sound.split(&plain(30)).is_ok());
}

#[test]
fn parts_that_would_be_empty_are_errors() {
    let error = Splitter::new(0)
        .fractions(0.98, 0.01, 0.01)
        .split(&plain(10))
        .unwrap_err();
    assert!(
        matches!(error, Error::EmptyPart { n_samples: 10, .. }),
        "{error:?}"
    );
    for n in [1, 2] {
        let error = Splitter::new(0).split(&plain(n)).unwrap_err();
        assert!(
            matches!(error, Error::TooFew { what: "samples", count, .. } if count == n),
            "{error:?}"
        );
    }
    assert!(
        Splitter::new(0)
            .fractions(0.4, 0.3, 0.3)
            .split(&plain(3))
            .is_ok()
    );
}

/// A part of a split may have a class without samples, and be split again.
#[test]
fn a_class_without_samples_does_not_stand_in_the_way() {
    let labels: Vec<u32> = (0..30).map(|i| i % 2).collect();
    let dataset = labelled(&labels, 3);
    let split = Splitter::new(0).stratified().split(&dataset).unwrap();
    let counts = split.train().target().class_counts().unwrap();
    assert_eq!(counts, [9, 9, 0]);
    let assigned = Splitter::new(1).stratified().assign(split.train()).unwrap();
    assert_eq!(assigned.len(), 18);
}

#[test]
fn a_class_too_small_for_the_parts_is_named() {
    let mut labels = vec![0; 50];
    labels.extend([1, 1]);
    let dataset = labelled(&labels, 2);
    let error = Splitter::new(0).stratified().split(&dataset).unwrap_err();
    assert!(
        matches!(&error, Error::ClassTooSmall { class, count: 2, .. } if class == "class 1"),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("\"class 1\" has 2 samples, too few to be in each of the 3 parts"),
        "{error}"
    );

    let error = KFolds::new(&dataset, 5, 0, Strategy::Stratified).unwrap_err();
    assert!(error.to_string().contains("each of the 5 folds"), "{error}");
    // Three samples are enough for three parts.
    labels.push(1);
    assert!(
        Splitter::new(0)
            .stratified()
            .split(&labelled(&labels, 2))
            .is_ok()
    );
}

#[test]
fn strategies_need_what_they_go_by() {
    let dataset = plain(30);
    assert!(matches!(
        Splitter::new(0).stratified().split(&dataset),
        Err(Error::NotClasses { .. })
    ));
    assert!(matches!(
        Splitter::new(0).grouped().split(&dataset),
        Err(Error::NoGroups { .. })
    ));
    assert!(matches!(
        KFolds::new(&dataset, 3, 0, Strategy::Stratified),
        Err(Error::NotClasses { .. })
    ));
    let two_groups = plain(30)
        .with_groups((0..30).map(|sample| sample % 2).collect())
        .unwrap();
    let error = Splitter::new(0).grouped().split(&two_groups).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooFew {
                what: "groups",
                count: 2,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn one_class_is_refused_with_its_name() {
    let dataset = labelled(&[1; 30], 2);
    let errors = [
        Splitter::new(0).split(&dataset).unwrap_err(),
        KFolds::new(&dataset, 3, 0, Strategy::Shuffled).unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, Error::OneClass { class } if class == "class 1"),
            "{error:?}"
        );
    }
}

#[test]
fn fold_counts_are_checked() {
    let dataset = plain(10);
    for k in [0, 1] {
        assert!(matches!(
            KFolds::new(&dataset, k, 0, Strategy::Shuffled),
            Err(Error::BadFoldCount { .. })
        ));
    }
    for k in [11, usize::MAX] {
        assert!(matches!(
            KFolds::new(&dataset, k, 0, Strategy::Shuffled),
            Err(Error::TooFew { .. })
        ));
    }
    let folds = KFolds::new(&dataset, 10, 0, Strategy::Shuffled).unwrap();
    assert!(matches!(
        folds.split(10),
        Err(Error::FoldOutOfRange { index: 10, k: 10 })
    ));
}

#[test]
fn assignments_and_parts_made_elsewhere_are_checked() {
    let dataset = plain(4);
    let short = Split::from_assignment(&dataset, &[Part::Train; 3]).unwrap_err();
    assert!(matches!(
        short,
        Error::SampleCount {
            what: "assignment",
            expected: 4,
            actual: 3
        }
    ));
    let empty = Split::from_assignment(&dataset, &[Part::Test; 4]).unwrap_err();
    assert!(empty.to_string().contains("the train part"), "{empty}");

    let renamed = dataset
        .clone()
        .with_feature_names(vec!["other".into()])
        .unwrap();
    let error = Split::from_parts(dataset.clone(), dataset.clone(), renamed).unwrap_err();
    assert!(matches!(
        error,
        Error::PartsDiffer {
            part: Part::Test,
            what: "feature names"
        }
    ));
    let classes = labelled(&[0, 1, 0, 1], 2);
    let error = Split::from_parts(dataset.clone(), classes, dataset.clone()).unwrap_err();
    assert!(matches!(
        error,
        Error::PartsDiffer {
            part: Part::Validation,
            what: "target"
        }
    ));
    assert!(Split::from_parts(dataset.clone(), dataset.clone(), dataset).is_ok());
}
