use super::super::design::Units;
use super::*;

static GO_ON: AtomicBool = AtomicBool::new(false);

fn features(n_features: usize, n_rows: usize) -> DMatrix<f64> {
    DMatrix::from_fn(n_features, n_rows, |j, i| {
        ((i * i * (j + 3) + 5 * j + 7 * i) % 41) as f64 / 20.0 - 1.0
    })
}

fn target(x: &DMatrix<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(1, x.ncols(), |_, i| {
        2.0 * x[(1, i)] - x[(4, i)] + 0.1 * ((i * 5) % 7) as f64
    })
}

fn assert_near(output: &Output, expected: &[(usize, f64)], intercept: Option<f64>) {
    for (at, weight) in output.weights.iter().enumerate() {
        let own = expected.iter().find(|(column, _)| *column == at);
        let own = own.map_or(0.0, |(_, weight)| *weight);
        assert!((weight - own).abs() < 2e-3, "{at}: {weight}, not {own}");
    }
    if let Some(intercept) = intercept {
        assert!((output.intercept - intercept).abs() < 2e-3);
    }
}

/// More features than rows. What scikit-learn 1.9.1 says of them:
///
/// ```python
/// import numpy as np
/// from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression
/// n, p = 20, 30
/// X = np.array([[((i*i*(j+3) + 5*j + 7*i) % 41)/20 - 1 for j in range(p)] for i in range(n)])
/// y = 2*X[:,1] - X[:,4] + 0.1*np.array([(i*5) % 7 for i in range(n)])
/// Lasso(alpha=0.05, tol=1e-14, max_iter=10**6).fit(X, y)
/// ElasticNet(alpha=0.1, l1_ratio=0.5, tol=1e-14, max_iter=10**6).fit(X, y)
/// logistic = LogisticRegression(penalty='l1', C=1/(0.04*n), solver='saga', tol=1e-12, max_iter=10**6)
/// logistic.fit(X, (y > 0.3).astype(int))
/// logistic.fit(X, (y > 0.3).astype(int) + (y > 1.2))
/// ```
#[test]
fn weights_are_those_of_scikit_learn() {
    let x = features(30, 20);
    let y = target(&x);
    let (design, omega) = (Design::new(&x, Units::AsTheyAre), vec![0.05; 20]);
    let penalty = |size, l1| Penalty { size, l1 };
    let lasso = squares(&design, &y, &omega, penalty(0.05, 1.0), &GO_ON).unwrap();
    let expected = [
        (1, 1.855_226_609),
        (4, -0.699_936_195),
        (5, -0.007_126_565),
        (22, -0.055_917_787),
        (29, 0.035_374_286),
    ];
    assert_near(&lasso, &expected, Some(0.285_460_255));
    let net = squares(&design, &y, &omega, penalty(0.1, 0.5), &GO_ON).unwrap();
    let expected = [
        (0, 0.088_000_356),
        (1, 1.324_344_777),
        (4, -0.531_319_547),
        (22, -0.147_699_621),
        (23, -0.073_231_66),
        (26, 0.194_259_475),
    ];
    assert_near(&net, &expected, Some(0.362_801_46));

    let two: Vec<u32> = y.iter().map(|y| u32::from(*y > 0.3)).collect();
    let outputs = classes(&design, &two, 2, &omega, penalty(0.04, 1.0), &GO_ON).unwrap();
    let half = [
        (1, 3.265_833_755 / 2.0),
        (25, -0.686_035_771 / 2.0),
        (26, 1.205_337_014 / 2.0),
    ];
    assert_near(&outputs[1], &half, Some(0.093_584_587 / 2.0));
    assert_near(&outputs[0], &half.map(|(at, w)| (at, -w)), None);

    let three: Vec<u32> = y
        .iter()
        .zip(&two)
        .map(|(y, two)| two + u32::from(*y > 1.2))
        .collect();
    let outputs = classes(&design, &three, 3, &omega, penalty(0.04, 1.0), &GO_ON).unwrap();
    let expected: [&[(usize, f64)]; 3] = [
        &[
            (1, -2.816_886_88),
            (25, 0.408_836_693),
            (26, -1.189_331_068),
        ],
        &[
            (6, 0.010_430_487),
            (15, -0.370_541_754),
            (17, -0.052_657_202),
            (20, 1.163_309_498),
            (22, -1.082_456_97),
        ],
        &[
            (0, 0.040_587_737),
            (4, -0.152_112_285),
            (7, -0.213_048_279),
            (11, -0.406_261_628),
            (17, 0.224_697_658),
        ],
    ];
    let between = outputs[1].intercept - outputs[0].intercept;
    assert!(
        (between - (0.509_277_776 - 0.326_383_074)).abs() < 5e-3,
        "{between}"
    );
    for (output, expected) in outputs.iter().zip(expected) {
        assert_near(output, expected, None);
    }
}

/// Proximal gradient descent, the plainest way to the same optimum: weights of all outputs, then intercepts.
fn naive(
    x: &DMatrix<f64>,
    n_outputs: usize,
    penalty: Penalty,
    slopes_of: impl Fn(usize, &[f64]) -> Vec<f64>,
) -> Vec<Output> {
    let (n_features, n_rows) = x.shape();
    let mut outputs = vec![Output::zeros(n_features); n_outputs];
    // Below the inverse of the largest curvature.
    let rate = 1.0 / (x.norm_squared() / n_rows as f64 * 4.0 + 2.0);
    for _ in 0..60_000 {
        let said = |row: usize| -> Vec<f64> {
            let one = |o: &Output| -> f64 {
                o.intercept
                    + (0..n_features)
                        .map(|at| o.weights[at] * x[(at, row)])
                        .sum::<f64>()
            };
            outputs.iter().map(one).collect()
        };
        let errors: Vec<Vec<f64>> = (0..n_rows).map(|row| slopes_of(row, &said(row))).collect();
        for (index, output) in outputs.iter_mut().enumerate() {
            let slope = |at: usize| {
                (0..n_rows)
                    .map(|row| errors[row][index] * x[(at, row)])
                    .sum()
            };
            let slopes: Vec<f64> = (0..n_features).map(slope).collect();
            output.intercept -= rate * errors.iter().map(|e| e[index]).sum::<f64>();
            for (weight, slope) in output.weights.iter_mut().zip(slopes) {
                let moved = *weight - rate * slope;
                let (l1, l2) = (penalty.size * penalty.l1, penalty.size * (1.0 - penalty.l1));
                *weight = moved.signum() * (moved.abs() - rate * l1).max(0.0) / (1.0 + rate * l2);
            }
        }
    }
    outputs
}

/// Weighted rows, and columns that mostly say the same.
#[test]
fn descent_by_coordinates_ends_where_the_plain_way_ends() {
    let mut x = features(5, 30);
    for row in 0..30 {
        x[(2, row)] = if row % 9 == 0 { 2.0 } else { -0.5 };
    }
    let y = target(&x).map(|y| y * 0.5);
    let omega: Vec<f64> = (0..30).map(|row| f64::from(1 + row % 3) / 60.0).collect();
    let design = Design::new(&x, Units::AsTheyAre);
    for (size, l1) in [(0.02, 1.0), (0.1, 0.4)] {
        let penalty = Penalty { size, l1 };
        let mut fast = squares(&design, &y, &omega, penalty, &GO_ON).unwrap();
        design.for_features(&mut fast.weights, &mut fast.intercept);
        let plain = naive(&x, 1, penalty, |row, said| {
            vec![omega[row] * (said[0] - y[row])]
        });
        assert_same(&fast, &plain[0], 0.0);
        for n_classes in [2_u32, 3] {
            let labels: Vec<u32> = (0..30).map(|row| (row * 7 + row / 4) % n_classes).collect();
            let n = n_classes as usize;
            let mut fast = classes(&design, &labels, n, &omega, penalty, &GO_ON).unwrap();
            let plain = naive(&x, n, penalty, |row, said| {
                let sum: f64 = said.iter().map(|z| z.exp()).sum();
                let is = |class: usize| f64::from(u8::from(labels[row] as usize == class));
                let error = |(class, z): (usize, &f64)| omega[row] * (z.exp() / sum - is(class));
                said.iter().enumerate().map(error).collect()
            });
            for output in &mut fast {
                design.for_features(&mut output.weights, &mut output.intercept);
            }
            // The same constant may be added to all intercepts.
            let shift = plain[0].intercept - fast[0].intercept;
            for (fast, plain) in fast.iter().zip(&plain) {
                if l1 < 1.0 && n == 2 {
                    // Between two classes there is one weight a feature, and its square has the penalty.
                    continue;
                }
                assert_same(fast, plain, shift);
            }
        }
    }
}

fn assert_same(fast: &Output, plain: &Output, shift: f64) {
    let near = |a: f64, b: f64| (a - b).abs() < 2e-3;
    let weights = fast.weights.iter().zip(&plain.weights);
    assert!(
        weights.clone().all(|(a, b)| near(*a, *b)) && near(fast.intercept + shift, plain.intercept),
        "{:?} {} instead of {:?} {}",
        fast.weights,
        fast.intercept + shift,
        plain.weights,
        plain.intercept
    );
}

/// A penalty that no feature is worth leaves the constant.
#[test]
fn a_large_penalty_leaves_all_out() {
    let x = features(6, 30);
    let (design, omega) = (Design::new(&x, Units::AsTheyAre), vec![1.0 / 30.0; 30]);
    let penalty = Penalty { size: 3.0, l1: 1.0 };
    let y = target(&x);
    let line = squares(&design, &y, &omega, penalty, &GO_ON).unwrap();
    assert_eq!(line.weights, [0.0; 6]);
    assert!((line.intercept - y.mean()).abs() < 1e-9);
    let labels: Vec<u32> = (0..30).map(|row| u32::from(row % 3 == 0)).collect();
    let outputs = classes(&design, &labels, 2, &omega, penalty, &GO_ON).unwrap();
    assert_eq!(outputs[1].weights, [0.0; 6]);
    let odds = outputs[1].intercept - outputs[0].intercept;
    assert!((odds - 0.5_f64.ln()).abs() < 1e-4, "{odds}");
}
