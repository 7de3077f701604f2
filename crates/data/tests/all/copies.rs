//! Splits in which copies stay together.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use proptest::prelude::*;
use smallbatch_data::{Dataset, Error, Part, Splitter, Strategy, Target};

const PARTS: [Part; 3] = [Part::Train, Part::Validation, Part::Test];
const FRACTIONS: [f64; 3] = [0.6, 0.2, 0.2];

/// One feature, its values given; as many classes as said, or numbers for none.
fn dataset(values: &[u32], labels: &[u32], n_classes: usize) -> Dataset {
    let features = DMatrix::from_iterator(1, values.len(), values.iter().map(|v| *v as f32));
    let target = if n_classes == 0 {
        Target::numbers(vec![0.0; values.len()])
    } else {
        Target::Classes {
            labels: labels.to_vec(),
            names: (0..n_classes).map(|class| class.to_string()).collect(),
        }
    };
    Dataset::new(features, target).unwrap()
}

/// How many of these samples each part has.
fn sizes(parts: &[Part], counted: impl Fn(usize) -> bool) -> [usize; 3] {
    PARTS.map(|part| {
        let here = |&sample: &usize| parts[sample] == part && counted(sample);
        (0..parts.len()).filter(here).count()
    })
}

/// Whether equal keys are in equal parts.
fn together(keys: &[u32], parts: &[Part]) -> bool {
    let mut part_of = BTreeMap::new();
    keys.iter()
        .zip(parts)
        .all(|(key, part)| part_of.entry(key).or_insert(part) == &part)
}

/// Values of which about half are single and the others have up to a few copies.
fn values(n: usize) -> impl proptest::strategy::Strategy<Value = Vec<u32>> {
    let repeated = 0..(n / 8) as u32;
    prop::collection::vec(prop_oneof![repeated, 1_000..1_000_000_u32], n)
}

proptest! {
    #[test]
    fn equal_rows_and_groups_never_lie_in_two_parts(
        values in values(200),
        labels in prop::collection::vec(0_u32..3, 200),
        groups in prop::option::of(prop::collection::vec(0_u32..400, 200)),
        seed: u64,
        which in 0_usize..3,
    ) {
        let strategy = [Strategy::Shuffled, Strategy::Stratified, Strategy::Grouped][which];
        let mut dataset = dataset(&values, &labels, 3);
        if let Some(groups) = &groups {
            dataset = dataset.with_groups(groups.clone()).unwrap();
        }
        let splitter = Splitter::new(seed).strategy(strategy).copies_together();
        let parts = match splitter.assign(&dataset) {
            Ok(parts) => parts,
            // All that is joined may be one unit.
            Err(Error::ClassTooSmall { .. } | Error::TooFew { .. } | Error::EmptyPart { .. }) if groups.is_some() => {
                return Ok(());
            }
            Err(error) => {
                prop_assert!(matches!(error, Error::NoGroups { .. }), "{}", error);
                return Ok(());
            }
        };
        prop_assert!(together(&values, &parts));
        prop_assert!(groups.is_none_or(|groups| together(&groups, &parts)));
        prop_assert_eq!(&parts, &splitter.assign(&dataset).unwrap());
    }

    #[test]
    fn single_samples_make_up_for_copies(
        values in values(300), labels in prop::collection::vec(0_u32..2, 300), seed: u64,
    ) {
        let splitter = Splitter::new(seed).copies_together();
        let parts = splitter.assign(&dataset(&values, &[], 0)).unwrap();
        for (size, fraction) in sizes(&parts, |_| true).into_iter().zip(FRACTIONS) {
            prop_assert!((size as f64 - 300.0 * fraction).abs() <= 1.0, "{} of {}", size, fraction);
        }
        // Copies may be of several classes here.
        let parts = splitter.stratified().assign(&dataset(&values, &labels, 2)).unwrap();
        for class in 0..2 {
            let in_class = |sample: usize| labels[sample] == class;
            let sizes = sizes(&parts, in_class);
            let total = sizes.iter().sum::<usize>() as f64;
            for (size, fraction) in sizes.into_iter().zip(FRACTIONS) {
                prop_assert!((size as f64 - total * fraction).abs() < 3.0, "{} of {}", size, total);
            }
        }
    }

    #[test]
    fn without_copies_nothing_changes(
        labels in prop::collection::vec(0_u32..3, 60..200),
        groups in prop::collection::vec(0_u32..30, 200),
        seed: u64,
    ) {
        let n = labels.len();
        let values: Vec<u32> = (0..n as u32).collect();
        let plain = dataset(&values, &labels, 3);
        let grouped = plain.clone().with_groups(groups[..n].to_vec()).unwrap();
        let splitter = Splitter::new(seed);
        for (splitter, dataset) in [
            (splitter.clone(), &plain),
            (splitter.clone().stratified(), &plain),
            (splitter.clone().grouped(), &grouped),
        ] {
            let with = splitter.clone().copies_together().assign(dataset);
            prop_assert_eq!(with.ok(), splitter.assign(dataset).ok());
        }
    }
}

/// The table of advice's worst case: nothing but copies.
#[test]
fn sixty_rows_ten_times_each_are_dealt_out_exactly() {
    let values: Vec<u32> = (0..600).map(|sample| sample % 60).collect();
    let labels: Vec<u32> = values.iter().map(|value| value % 2).collect();
    let dataset = dataset(&values, &labels, 2);
    assert_eq!(dataset.n_copies(), 540);
    let mut seen_in_test = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let splitter = Splitter::new(seed).stratified().copies_together();
        let parts = splitter.assign(&dataset).unwrap();
        assert!(together(&values, &parts));
        assert_eq!(sizes(&parts, |_| true), [360, 120, 120]);
        assert_eq!(sizes(&parts, |sample| labels[sample] == 1), [180, 60, 60]);
        seen_in_test.extend(
            (0..600)
                .filter(|&at| parts[at] == Part::Test)
                .map(|at| values[at]),
        );
        // The naive split tests on what it trained on.
        let naive = Splitter::new(seed).stratified().assign(&dataset).unwrap();
        assert!(!together(&values, &naive));
    }
    // That a row is never tested on has probability 0.8^100.
    assert_eq!(seen_in_test.len(), 60);
}

/// A large unit must not always be in the part that lacks most: then it would never be tested on.
#[test]
fn a_large_unit_is_in_each_part_as_often_as_its_fraction() {
    let values: Vec<u32> = (0..200)
        .map(|sample| if sample < 20 { 0 } else { sample })
        .collect();
    let dataset = dataset(&values, &[], 0);
    let mut counts = [0; 3];
    for seed in 0..1000 {
        let parts = Splitter::new(seed)
            .copies_together()
            .assign(&dataset)
            .unwrap();
        counts[PARTS.iter().position(|part| *part == parts[0]).unwrap()] += 1;
        assert_eq!(sizes(&parts, |_| true), [120, 40, 40]);
    }
    // Five standard deviations of a binomial count of 1000.
    for (count, fraction) in counts.into_iter().zip(FRACTIONS) {
        let deviation = (1000.0 * fraction * (1.0 - fraction)).sqrt();
        assert!(
            (f64::from(count) - 1000.0 * fraction).abs() < 5.0 * deviation,
            "{counts:?}"
        );
    }
}

#[test]
fn the_last_units_of_a_class_reach_the_parts_without_it() {
    // Class 1 has three rows, five times each.
    let values: Vec<u32> = (0..100)
        .map(|at| if at < 15 { at % 3 } else { at })
        .collect();
    let labels: Vec<u32> = (0..100).map(|at| u32::from(at < 15)).collect();
    let dataset = dataset(&values, &labels, 2);
    for seed in 0..50 {
        let splitter = Splitter::new(seed).stratified().copies_together();
        let parts = splitter.assign(&dataset).unwrap();
        assert_eq!(sizes(&parts, |sample| sample < 15), [5, 5, 5]);
        assert_eq!(sizes(&parts, |sample| sample >= 15), [51, 17, 17]);
    }
    // Two cannot be in three parts.
    let values: Vec<u32> = (0..100)
        .map(|at| if at < 15 { at % 2 } else { at })
        .collect();
    let error = Splitter::new(0)
        .stratified()
        .copies_together()
        .assign(&self::dataset(&values, &labels, 2))
        .unwrap_err();
    assert!(
        matches!(error, Error::ClassTooSmall { count: 2, .. }),
        "{error:?}"
    );
}

#[test]
fn zeros_of_both_signs_are_equal_and_so_are_bytes_and_missing_values() {
    let features = DMatrix::from_row_slice(1, 4, &[0.0_f32, -0.0, f32::NAN, f32::NAN]);
    let target = Target::numbers(vec![0.0; 4]);
    let missing = smallbatch_data::MissingValues::Admit;
    let numbers = Dataset::with_missing(features, target.clone(), missing).unwrap();
    assert_eq!(numbers.n_copies(), 2);
    let bytes = DMatrix::from_column_slice(2, 4, &[1_u8, 2, 3, 4, 1, 2, 2, 1]);
    assert_eq!(Dataset::from_bytes(bytes, target).unwrap().n_copies(), 1);
}
