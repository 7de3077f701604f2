//! Intervals hold as many new rows as they say.

use smallbatch_data::Table;

use crate::support::{fit, line, table, uniform};

/// y = 2x, with a noise that grows with x from 0.2 to 1.2.
fn growing_noise(n: usize, seed: u64) -> Table {
    let mut draw = uniform(seed);
    let rows = (0..n).map(|_| {
        let x = draw();
        let noise: f64 = (0..12).map(|_| draw() - 0.5).sum();
        format!("{x:.4},{:.4}", 2.0 * x + (0.2 + x) * noise)
    });
    table("x,y", rows)
}

/// Given the rows held out, the coverage of new rows is a beta variable of mean 0.9 and deviation √(0.9·0.1/400) = 0.015; counted over 2000
/// new rows it has 0.0164. Three of these.
#[test]
fn intervals_of_90_percent_hold_90_percent_of_new_rows() {
    let model = fit(&growing_noise(400, 1), &line());
    let (_, inside) = model.evaluate(&growing_noise(2_000, 2)).unwrap();
    let inside = inside.unwrap();
    assert!((inside - 0.9).abs() < 3.0 * 0.0164, "{inside}");
}

#[test]
fn another_coverage_has_another_width() {
    let model = fit(&growing_noise(400, 1), &line());
    let new = growing_noise(1_000, 3);
    let frame = model.schema().labelled_frame(&new).unwrap().frame;
    let truth = frame.target.unwrap();
    for coverage in [0.5, 0.8, 0.95] {
        let predictions = model.predict_covering(&new, coverage).unwrap();
        let (half, stated) = predictions.half_width.unwrap();
        assert_eq!(stated, coverage);
        let values = truth.as_values().unwrap().iter();
        let inside = values
            .zip(&predictions.values)
            .filter(|(y, p)| (**y - **p).abs() <= half);
        let inside = inside.count() as f64 / 1_000.0;
        let deviation = (coverage * (1.0 - coverage) * (1.0 / 400.0 + 1.0 / 1_000.0)).sqrt();
        assert!(
            (inside - coverage).abs() < 3.0 * deviation,
            "{coverage}: {inside}"
        );
    }
    for coverage in [0.0, 1.0, f64::NAN, -0.5] {
        let error = model.predict_covering(&new, coverage).unwrap_err();
        assert!(error.to_string().starts_with("`coverage` is"), "{error}");
    }
}

/// 40 rows cannot vouch for 99 %: the interval has no ends, and the table says nothing there.
#[test]
fn an_interval_that_no_row_vouches_for_has_no_ends() {
    let model = fit(&growing_noise(40, 1), &line());
    let predictions = model.predict_covering(&growing_noise(3, 4), 0.99).unwrap();
    let text = predictions.to_csv().unwrap();
    assert_eq!(text.lines().next(), Some("line,prediction,low,high"));
    assert!(
        text.lines().skip(1).all(|line| line.ends_with(",,")),
        "{text}"
    );
    let text = model
        .predict(&growing_noise(3, 4))
        .unwrap()
        .to_csv()
        .unwrap();
    let cells = text.lines().skip(1).flat_map(|line| line.split(','));
    assert!(
        cells.clone().count() == 12 && cells.map(str::parse::<f64>).all(|cell| cell.is_ok()),
        "{text}"
    );
}
