//! A row of weight 2 counts as the row twice: for what fills missing cells, for scaling, and for lines.

use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;
use proptest::collection::vec;
use proptest::prelude::*;
use smallbatch_data::{Frame, FrameColumn, FrameValues, Target};
use smallbatch_pipeline::{Fold, Line, Recipe};

const ROWS: usize = 40;

fn frame(cells: &[(f64, f64, u32, f64)], classes: bool) -> Frame {
    let column = |name: &str, values| FrameColumn {
        name: name.into(),
        source: name.into(),
        values,
    };
    // Of the second column some cells are missing.
    let second = |b: f64| if b > 0.8 { f64::NAN } else { b };
    let target = |(a, b, code, noise): (f64, f64, u32, f64)| a - 2.0 * b + f64::from(code) + noise;
    let targets = cells.iter().map(|row| target(*row));
    let target = if classes {
        Target::Classes {
            labels: targets.map(|y| u32::from(y > 0.5)).collect(),
            names: vec!["no".into(), "yes".into()],
        }
    } else {
        Target::Values {
            values: DMatrix::from_iterator(1, cells.len(), targets),
            names: vec!["y".into()],
        }
    };
    let second = cells.iter().map(|row| second(row.1)).collect();
    let levels = ["x", "y", "z"].map(str::to_owned).to_vec();
    let codes = cells.iter().map(|row| row.2).collect();
    Frame {
        name: "any".into(),
        lines: (0..cells.len() as u64).collect(),
        columns: vec![
            column(
                "a",
                FrameValues::Numbers(cells.iter().map(|row| row.0).collect()),
            ),
            column("b", FrameValues::Numbers(second)),
            column("c", FrameValues::Categories { codes, levels }),
        ],
        target: Some(target),
        groups: None,
        weights: None,
        times: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_weight_of_two_is_the_row_twice(
        cells in vec((-1.0..1.0, -1.0..1.0, 0..3_u32, -0.5..0.5), ROWS),
        weights in vec(1..3_usize, ROWS),
        classes in any::<bool>(),
        l1 in prop_oneof![Just(0.0), Just(1.0)],
    ) {
        // Each level is in two rows at least, weighted or not.
        let mut cells = cells;
        for (at, cell) in cells.iter_mut().take(9).enumerate() {
            cell.2 = at as u32 % 3;
        }
        let mut weighted = frame(&cells, classes);
        weighted.weights = Some(weights.iter().map(|w| *w as f64).collect());
        let order: Vec<usize> = (0..ROWS).flat_map(|at| vec![at; weights[at]]).collect();
        let repeated = frame(&cells, classes).select(&order);
        let recipe = Recipe::Line(Line { penalty: 0.02, l1, ..Line::default() });
        let losses = |frame: &Frame, held_out: Vec<usize>| {
            let all: Vec<usize> = (0..frame.n_rows()).collect();
            let fold = Fold::new(frame, &all, &held_out).unwrap();
            let course = fold.train(&recipe, 0, &AtomicBool::new(false)).unwrap();
            course.looks[0].losses.clone()
        };
        let first_of = |row: &usize| order.iter().position(|other| other == row).unwrap();
        let one = losses(&weighted, (0..ROWS).collect());
        let two = losses(&repeated, (0..ROWS).map(|row| first_of(&row)).collect());
        for (one, two) in one.iter().zip(&two) {
            prop_assert!((one - two).abs() < 1e-3 * (1.0 + one), "{one} {two}");
        }
    }
}
