//! Whatever a table holds, its features are finite, and each row's depend on that row alone.

use nalgebra::DMatrix;
use proptest::collection::vec;
use proptest::prelude::*;
use smallbatch_data::{Frame, FrameColumn, FrameValues, Target};
use smallbatch_pipeline::Encoder;

const LEVELS: u32 = 60;

/// A cell of numbers, missing now and then, and of any size.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0,
        1 => Just(f64::NAN),
        1 => Just(-0.0),
        1 => prop_oneof![Just(1e300), Just(-1e300), Just(1e-300)],
    ]
}

/// A cell of categories: few of them frequent, many rare.
fn code(new: bool) -> impl Strategy<Value = u32> {
    let unseen = if new { FrameValues::UNSEEN } else { 0 };
    prop_oneof![
        4 => 0..3_u32,
        4 => 0..LEVELS,
        1 => Just(FrameValues::MISSING),
        1 => Just(unseen),
    ]
}

fn frame(n_rows: usize, new: bool) -> impl Strategy<Value = Frame> {
    let cells = (
        vec(number(), n_rows),
        vec(number(), n_rows),
        vec(code(new), n_rows),
        vec(0..3_u32, n_rows),
    );
    cells.prop_map(move |(first, second, codes, labels)| {
        let column = |name: &str, values| FrameColumn {
            name: name.into(),
            source: name.into(),
            values,
        };
        let levels = (0..LEVELS).map(|level| format!("l{level}")).collect();
        Frame {
            name: "any".into(),
            lines: (0..n_rows as u64).collect(),
            columns: vec![
                column("a", FrameValues::Numbers(first)),
                column("b", FrameValues::Numbers(second)),
                column("c", FrameValues::Categories { codes, levels }),
            ],
            target: Some(Target::Classes {
                labels,
                names: vec!["x".into(), "y".into(), "z".into()],
            }),
            groups: None,
            weights: None,
            times: None,
        }
    })
}

/// Few rows, and enough that there are more than 40 levels with a place.
fn rows() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 2..20_usize, 1 => 150..250_usize]
}

fn finite(features: &DMatrix<f64>) -> bool {
    features.iter().all(|value| value.is_finite())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn features_are_finite_and_each_rows_own(
        (training, later, order) in (rows(), 1..12_usize).prop_flat_map(|(n, m)| {
            let order = Just((0..m).collect::<Vec<_>>()).prop_shuffle();
            (frame(n, false), frame(m, true), order)
        })
    ) {
        // Where nothing varies there is nothing to encode.
        let Ok((encoder, features)) = Encoder::fit(&training) else { return Ok(()) };
        let n_features = encoder.feature_names().len();
        prop_assert_eq!(features.shape(), (n_features, training.n_rows()));
        prop_assert!(finite(&features));
        let encoded = encoder.encode(&later).unwrap();
        prop_assert_eq!(encoded.shape(), (n_features, later.n_rows()));
        prop_assert!(finite(&encoded));
        let moved = encoder.encode(&later.select(&order)).unwrap();
        prop_assert_eq!(moved, encoded.select_columns(&order));
        let of_columns: Vec<usize> = encoder.features_by_column().into_iter().flat_map(|(_, of)| of).collect();
        prop_assert_eq!(of_columns, (0..n_features).collect::<Vec<_>>());
    }
}
