//! Scaling, in double precision.

use smallbatch_base::normal;
use smallbatch_predict::FeatureScaling;

use super::graph::{Graph, Name, as_i64, integer, integers};
use super::proto::DataType;

/// Beyond this many thirds of a scale, t / √(1 + t²) is ±1, and t² is still finite.
const FAR: f64 = 1e10;
/// Probabilities are kept this far from 0 and 1: where the second of the two rational functions for Φ⁻¹ is still good.
const LEAST_PROBABILITY: f64 = 1e-7;

/// The scaled features, (rows, `n`) of `features`, (rows, `n`).
pub(super) fn scaled(
    graph: &mut Graph,
    scaling: &FeatureScaling,
    features: Name,
    n: usize,
) -> Name {
    match scaling {
        FeatureScaling::Affine { shift, scale } => affine(graph, &features, shift, scale),
        FeatureScaling::SmoothClip { shift, scale } => {
            let z = affine(graph, &features, shift, scale);
            let (three, one) = (graph.double(3.0), graph.double(1.0));
            let t = graph.node("Div", &[&z, &three]);
            let t = clip(graph, &t, -FAR, FAR);
            let square = graph.node("Mul", &[&t, &t]);
            let sum = graph.node("Add", &[&square, &one]);
            let root = graph.node("Sqrt", &[&sum]);
            let ratio = graph.node("Div", &[&t, &root]);
            graph.node("Mul", &[&ratio, &three])
        }
        FeatureScaling::Quantiles { quantiles } => normal_scores(graph, &features, quantiles),
        FeatureScaling::PerSample => per_sample(graph, &features, n),
    }
}

fn affine(graph: &mut Graph, features: &str, shift: &[f64], scale: &[f64]) -> Name {
    let shift = graph.doubles(&[1, shift.len()], shift);
    let scale = graph.doubles(&[1, scale.len()], scale);
    let centred = graph.node("Sub", &[features, &shift]);
    graph.node("Div", &[&centred, &scale])
}

/// Between two bounds.
pub(super) fn clip(graph: &mut Graph, tensor: &str, least: f64, largest: f64) -> Name {
    let (least, largest) = (graph.double(least), graph.double(largest));
    graph.node("Clip", &[tensor, &least, &largest])
}

/// Φ⁻¹ of where each feature stands among its quantiles; a constant one is centred.
fn normal_scores<Q: AsRef<[f64]>>(graph: &mut Graph, features: &str, quantiles: &[Q]) -> Name {
    let bound = -normal::quantile(LEAST_PROBABILITY);
    let half = graph.double(0.5);
    let mut probabilities = Vec::new();
    let mut centres = Vec::new();
    let mut is_constant = Vec::new();
    for (at, quantiles) in quantiles.iter().map(AsRef::as_ref).enumerate() {
        let place = graph.integers(&[1], &[as_i64(at)]);
        let x = graph.node_with("Gather", &[features, &place], vec![integer("axis", 1)]);
        is_constant.push(i64::from(quantiles.len() < 2));
        centres.push(quantiles.first().copied().unwrap_or(0.0));
        probabilities.push(if quantiles.len() < 2 {
            // Of the right size; not used.
            let zero = graph.double(0.0);
            let nothing = graph.node("Mul", &[&x, &zero]);
            graph.node("Add", &[&nothing, &half])
        } else {
            probability(graph, &x, quantiles)
        });
    }
    let p = graph.concat(&probabilities);
    let scores = normal_quantile(graph, &p);
    let scores = clip(graph, &scores, -bound, bound);
    if !is_constant.contains(&1) {
        return scores;
    }
    let n = quantiles.len();
    let centres = graph.doubles(&[1, n], &centres);
    let centred = graph.node("Sub", &[features, &centres]);
    let centred = clip(graph, &centred, -bound, bound);
    let is_constant = graph.integers(&[1, n], &is_constant);
    let one = graph.integers(&[], &[1]);
    let is_constant = graph.node("Equal", &[&is_constant, &one]);
    graph.node("Where", &[&is_constant, &centred, &scores])
}

/// Where x, (rows, 1), stands among two or more quantiles; of several equal to it, in their middle.
fn probability(graph: &mut Graph, x: &str, quantiles: &[f64]) -> Name {
    let n = quantiles.len();
    let row = graph.doubles(&[1, n], quantiles);
    let list = graph.doubles(&[n], quantiles);
    let (half, one) = (graph.double(0.5), graph.double(1.0));
    let mut count = |operator: &str| {
        let is = graph.node(operator, &[&row, x]);
        let is = graph.cast(&is, DataType::Int64);
        let axes = graph.integers(&[1], &[1]);
        graph.node("ReduceSum", &[&is, &axes])
    };
    let (below, up_to) = (count("Less"), count("LessOrEqual"));
    let is_equal = graph.node("Greater", &[&up_to, &below]);
    let sum = graph.node("Add", &[&below, &up_to]);
    let sum = graph.cast(&sum, DataType::Double);
    let sum = graph.node("Sub", &[&sum, &one]);
    let middle = graph.node("Mul", &[&sum, &half]);
    // Between the quantiles on both sides, or at the first or the last.
    let first = graph.integers(&[], &[1]);
    let last = graph.integers(&[], &[as_i64(n - 1)]);
    let right = graph.node("Clip", &[&below, &first, &last]);
    let left = graph.node("Sub", &[&right, &first]);
    let (a, b) = (
        graph.node("Gather", &[&list, &left]),
        graph.node("Gather", &[&list, &right]),
    );
    // Halves, so that the difference of two values near the limits of f64 is finite.
    let [x, a, b] = [x, &a, &b].map(|value| graph.node("Mul", &[value, &half]));
    let (over, width) = (graph.node("Sub", &[&x, &a]), graph.node("Sub", &[&b, &a]));
    let t = graph.node("Div", &[&over, &width]);
    let t = clip(graph, &t, 0.0, 1.0);
    let left = graph.cast(&left, DataType::Double);
    let between = graph.node("Add", &[&left, &t]);
    let position = graph.node("Where", &[&is_equal, &middle, &between]);
    #[allow(clippy::cast_precision_loss)] // Quantiles are few.
    let last = graph.double((n - 1) as f64);
    graph.node("Div", &[&position, &last])
}

/// Φ⁻¹ by the rational functions of `normal::quantile`, for probabilities that are not too small for the second of them.
fn normal_quantile(graph: &mut Graph, p: &str) -> Name {
    let (half, one) = (graph.double(0.5), graph.double(1.0));
    let q = graph.node("Sub", &[p, &half]);
    let square = graph.node("Mul", &[&q, &q]);
    let most = graph.double(0.425 * 0.425);
    let r = graph.node("Sub", &[&most, &square]);
    let ratio = rational(graph, &r, &normal::CENTRE);
    let centre = graph.node("Mul", &[&q, &ratio]);
    let other = graph.node("Sub", &[&one, p]);
    let smaller = graph.node("Min", &[p, &other]);
    // Here rather than above: 1 - 1e-7 is no number of single precision, in which some runtimes compute.
    let smaller = clip(graph, &smaller, LEAST_PROBABILITY, 1.0);
    let log = graph.node("Log", &[&smaller]);
    let log = graph.node("Neg", &[&log]);
    let root = graph.node("Sqrt", &[&log]);
    let from = graph.double(1.6);
    let r = graph.node("Sub", &[&root, &from]);
    let tail = rational(graph, &r, &normal::TAIL);
    let sign = graph.node("Sign", &[&q]);
    let tail = graph.node("Mul", &[&sign, &tail]);
    let distance = graph.node("Abs", &[&q]);
    let border = graph.double(0.425);
    let is_central = graph.node("LessOrEqual", &[&distance, &border]);
    graph.node("Where", &[&is_central, &centre, &tail])
}

fn rational(graph: &mut Graph, x: &str, [above, below]: &[[f64; 8]; 2]) -> Name {
    let (above, below) = (polynomial(graph, x, above), polynomial(graph, x, below));
    graph.node("Div", &[&above, &below])
}

/// By Horner's rule; coefficients in ascending order.
fn polynomial(graph: &mut Graph, x: &str, coefficients: &[f64; 8]) -> Name {
    let mut descending = coefficients.iter().rev();
    let mut sum = graph.double(descending.next().copied().unwrap_or(0.0));
    for &coefficient in descending {
        let product = graph.node("Mul", &[&sum, x]);
        let coefficient = graph.double(coefficient);
        sum = graph.node("Add", &[&product, &coefficient]);
    }
    sum
}

/// Each row by its own mean and deviation; one whose features are all alike becomes 0.
fn per_sample(graph: &mut Graph, features: &str, n: usize) -> Name {
    let (zero, one) = (graph.double(0.0), graph.double(1.0));
    let over_features = || vec![integers("axes", vec![1])];
    // In units of the largest, so that no square overflows.
    let sizes = graph.node("Abs", &[features]);
    let unit = graph.node_with("ReduceMax", &[&sizes], over_features());
    let is_positive = graph.node("Greater", &[&unit, &zero]);
    let unit = graph.node("Where", &[&is_positive, &unit, &one]);
    let x = graph.node("Div", &[features, &unit]);
    let mean = graph.node_with("ReduceMean", &[&x], over_features());
    let x = graph.node("Sub", &[&x, &mean]);
    let square = graph.node("Mul", &[&x, &x]);
    let variance = graph.node_with("ReduceMean", &[&square], over_features());
    #[allow(clippy::cast_precision_loss)] // Features are few.
    let rounding = graph.double(n as f64 * f64::EPSILON);
    let of_mean = graph.node("Mul", &[&mean, &rounding]);
    let of_mean = graph.node("Mul", &[&of_mean, &of_mean]);
    let of_variance = graph.node("Mul", &[&variance, &rounding]);
    let noise = graph.node("Add", &[&of_variance, &of_mean]);
    let is_constant = graph.node("LessOrEqual", &[&variance, &noise]);
    let inverse = graph.node("Div", &[&one, &unit]);
    let root = graph.node("Sqrt", &[&variance]);
    let deviation = graph.node("Where", &[&is_constant, &inverse, &root]);
    graph.node("Div", &[&x, &deviation])
}
