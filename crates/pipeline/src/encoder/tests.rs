use nalgebra::DMatrix;

use super::*;

fn frame(columns: Vec<(&str, FrameValues)>, target: Vec<f64>) -> Frame {
    let n = target.len();
    Frame {
        name: "t".into(),
        lines: (2..2 + n as u64).collect(),
        columns: columns
            .into_iter()
            .map(|(name, values)| FrameColumn {
                name: name.into(),
                source: name.into(),
                values,
            })
            .collect(),
        target: Some(Target::Values {
            values: DMatrix::from_row_slice(1, n, &target),
            names: vec!["y".into()],
        }),
        groups: None,
        weights: None,
        times: None,
    }
}

fn categories(codes: Vec<u32>, n_levels: u32) -> FrameValues {
    let levels = (0..n_levels).map(|level| format!("l{level}")).collect();
    FrameValues::Categories { codes, levels }
}

#[test]
fn what_is_new_later_is_no_level_and_what_is_missing_is_the_median() {
    let training = frame(
        vec![
            (
                "a",
                FrameValues::Numbers(vec![1.0, f64::NAN, 5.0, 9.0, 2.0, 2.5]),
            ),
            ("c", categories(vec![0, 0, 0, 1, 1, 1], 2)),
        ],
        vec![0.0; 6],
    );
    let (encoder, _) = Encoder::fit(&training).unwrap();
    assert_eq!(
        encoder.feature_names(),
        ["a", "a is missing", "c=l0", "c=l1"]
    );
    let later = frame(
        vec![
            ("a", FrameValues::Numbers(vec![f64::NAN, 7.0])),
            ("c", categories(vec![FrameValues::UNSEEN, 1], 2)),
        ],
        vec![0.0; 2],
    );
    let features = encoder.encode(&later).unwrap();
    assert_eq!(features.column(0).as_slice(), [2.5, 1.0, 0.0, 0.0]);
    assert_eq!(features.column(1).as_slice(), [7.0, 0.0, 0.0, 1.0]);
    assert_eq!(
        encoder.features_by_column(),
        [("a".to_owned(), vec![0, 1]), ("c".to_owned(), vec![2, 3])]
    );
}

#[test]
fn constant_columns_are_left_out_and_move_nothing_later() {
    let training = frame(
        vec![
            ("k", FrameValues::Numbers(vec![5.0; 4])),
            ("a", FrameValues::Numbers(vec![1.0, 2.0, 3.0, 4.0])),
        ],
        vec![0.0; 4],
    );
    let (encoder, features) = Encoder::fit(&training).unwrap();
    assert_eq!(
        (encoder.feature_names(), features.nrows()),
        (&["a".to_owned()][..], 1)
    );
    let later = frame(
        vec![
            ("k", FrameValues::Numbers(vec![500.0])),
            ("a", FrameValues::Numbers(vec![4.0])),
        ],
        vec![0.0],
    );
    assert_eq!(encoder.encode(&later).unwrap().as_slice(), [4.0]);
    let constant = frame(
        vec![("k", FrameValues::Numbers(vec![5.0; 4]))],
        vec![0.0; 4],
    );
    assert!(matches!(
        Encoder::fit(&constant),
        Err(Error::NothingToLearnFrom { .. })
    ));
}

/// A row must not learn its own target: with random targets and a level a row, the mean of the target would be that target.
#[test]
fn the_mean_of_the_target_does_not_know_the_rows_own() {
    let n = 400;
    let codes: Vec<u32> = (0..n).map(|at| (at * 7) % 100).collect();
    let target: Vec<f64> = (0..n).map(|at| f64::from((at * 7919) % 101)).collect();
    let (encoder, features) =
        Encoder::fit(&frame(vec![("c", categories(codes, 100))], target.clone())).unwrap();
    let at = encoder.feature_names().len() - 1;
    assert_eq!(encoder.feature_names()[at], "c=(mean of the target, 1)");
    let encoded: Vec<f64> = features.row(at).iter().copied().collect();
    let correlation = correlation(&encoded, &target);
    assert!(correlation < 0.2, "{correlation}");
    // Whereas the means of all rows know it: four rows a level.
    let naive = means_by_level(&target);
    assert!(self::correlation(&naive, &target) > 0.3);
}

fn means_by_level(target: &[f64]) -> Vec<f64> {
    let level = |at: usize| (at * 7) % 100;
    (0..target.len())
        .map(|at| {
            let own: Vec<f64> = (0..target.len())
                .filter(|&other| level(other) == level(at))
                .map(|other| target[other])
                .collect();
            own.iter().sum::<f64>() / own.len() as f64
        })
        .collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| f(a - ma, b - mb)).sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}
