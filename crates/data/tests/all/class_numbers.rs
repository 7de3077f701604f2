//! Classes of two files, and classes of unequal sizes.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use nalgebra::DMatrix;
use smallbatch_data::{Dataset, Error, Mismatch, Table, TableReader, Target, builtin};

/// Ten times these rows, and only the first ones kept.
fn read(rows: &str) -> Dataset {
    let n_rows = rows.lines().count();
    let table = Table::read(format!("x,y\n{}", rows.repeat(10)).as_bytes()).unwrap();
    let reader = TableReader::new().target("y");
    let dataset = reader.schema(&table).unwrap().dataset(&table).unwrap();
    dataset.subset(&(0..n_rows).collect::<Vec<_>>()).unwrap()
}

/// The program that stumbled: the test file has no sample of class `a`, so that `b` had its number, and a model that takes each for
/// the class before it was right about all.
#[test]
fn a_test_file_without_a_class_has_the_numbers_of_the_training_file() {
    let training = read("1.5,a\n2.5,b\n3.25,c\n1.25,a\n2.75,b\n3.5,c\n");
    let test = read("2.5,b\n3.25,c\n3.25,c\n");
    assert_eq!(test.target().labels(), Some(&[0, 1, 1][..])); // the disease
    let test = test.with_classes_of(&training).unwrap();
    assert_eq!(test.target().labels(), Some(&[1, 2, 2][..]));
    assert_eq!(test.target().names(), training.target().names());
    assert_eq!(test.features().as_slice(), [2.5, 3.25, 3.25]);
    // Of another number type, and as they are already.
    let again = test
        .clone()
        .with_classes_of(&training.cast::<f64>().unwrap())
        .unwrap();
    assert_eq!(again, test);
}

#[test]
fn a_class_that_training_does_not_know_is_an_error() {
    let training = read("1.5,a\n2.25,b\n");
    let test = read("1.5,a\n2.25,d\n3.5,b\n").with_name("later");
    let error = test.clone().with_classes_of(&training).unwrap_err();
    assert!(
        matches!(&error, Error::Mismatch(Mismatch::UnknownClass { class, .. }) if class == "d"),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "the class \"d\" of \"later\" is not among the classes a, b; correct its name, or remove its samples"
    );
    // A name without samples takes nothing.
    assert!(
        test.subset(&[0, 2])
            .unwrap()
            .with_classes_of(&training)
            .is_ok()
    );
    let airfoil = builtin::airfoil().unwrap();
    for error in [
        airfoil.clone().with_classes_of(&training).unwrap_err(),
        training.with_classes_of(&airfoil).unwrap_err(),
    ] {
        assert!(
            matches!(&error, Error::NotClasses { dataset, .. } if dataset == "airfoil"),
            "{error:?}"
        );
    }
}

#[test]
fn balanced_weights_make_all_classes_weigh_the_same() {
    // scikit-learn: compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 1, 2, 2]).
    let target = Target::<f32>::classes(vec![0, 0, 0, 1, 2, 2]);
    let weights = target.balanced_class_weights().unwrap();
    assert_eq!(weights, [6.0 / 9.0, 6.0 / 3.0, 6.0 / 6.0]);
    let counts = target.class_counts().unwrap();
    for (weight, count) in weights.iter().zip(counts) {
        assert!((weight * count as f64 - 2.0).abs() < 1e-15);
    }
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let absent = Target::<f32>::Classes {
        labels: vec![0, 2, 2, 2],
        names,
    };
    assert_eq!(
        absent.balanced_class_weights(),
        Some(vec![2.0, 1.0, 4.0 / 6.0])
    );
    assert_eq!(
        Target::values(DMatrix::<f32>::zeros(1, 2)).balanced_class_weights(),
        None
    );
}
