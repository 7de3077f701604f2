//! Every product against the naive sum, on this processor's vectors and on none, over shapes that leave every remainder.

use std::ops::Range;

use proptest::prelude::*;
use pulp::Simd;
use smallbatch_base::InputScaling;

use super::forward::Forward;
use super::input_gradient::InputGradient;
use super::one_sample::OneSample;
use super::row_sums::RowSums;
use super::weight_gradient::WeightGradient;
use super::*;
use crate::Scalar;

/// Numbers between -1 and 1 without a pattern.
#[allow(clippy::cast_precision_loss)]
fn noise<T: Scalar>(n: usize, seed: u32) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        T::of(f64::from(state >> 8) / f64::from(1 << 23) - 1.0)
    };
    (0..n).map(|_| next()).collect()
}

fn relu<T: Scalar>(z: T) -> T {
    crate::Activation::Relu.value(z)
}

/// Samples of `n_rows` numbers in panels.
fn panels<T: Scalar>(samples: &[T], n_rows: usize, n_samples: usize) -> Vec<T> {
    let mut panels = vec![T::zero(); n_samples.div_ceil(T::PANEL) * n_rows * T::PANEL];
    let source = Source {
        values: samples,
        stride: n_rows,
        which: None,
        n_samples,
    };
    into_panels(source, AsTheyAre, &(0..n_rows), &mut panels, None);
    panels
}

/// And back.
fn samples<T: Scalar>(panels: &[T], n_rows: usize, n_samples: usize) -> Vec<T> {
    let mut samples = vec![T::zero(); n_rows * n_samples];
    from_panels(panels, n_rows, n_samples, &mut samples, n_rows);
    samples
}

/// Sums of at most `n_terms` products below 1 in magnitude, each rounded a few times.
fn assert_close<T: Scalar>(what: &str, found: &[T], expected: &[f64], n_terms: usize) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let epsilon = if size_of::<T>() == 4 {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    };
    #[allow(clippy::cast_precision_loss)]
    let tolerance = 2.0 * epsilon * (n_terms + 2) as f64;
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found.to_f64() - expected).abs();
        assert!(
            error <= tolerance,
            "{what}[{i}] is {found:?}, expected {expected}"
        );
    }
}

struct Shape {
    fan_in: usize,
    fan_out: usize,
    n_samples: usize,
}

fn onto<T: Scalar>(
    weight: &mut [T],
    fan_in: usize,
    columns: Range<usize>,
    replaces: bool,
) -> Onto<'_, T> {
    Onto {
        weight,
        fan_in,
        columns,
        replaces,
    }
}

fn check_products<T: Scalar>(shape: &Shape) {
    let &Shape {
        fan_in,
        fan_out,
        n_samples,
    } = shape;
    let n_panels = n_samples.div_ceil(T::PANEL);
    let weight: Vec<T> = noise(fan_out * fan_in, 1);
    let bias: Vec<T> = noise(fan_out, 2);
    let input: Vec<T> = noise(fan_in * n_samples, 3);
    let delta: Vec<T> = noise(fan_out * n_samples, 4);
    let at = |values: &[T], i: usize| values[i].to_f64();

    let mut z = Vec::new();
    let mut d = Vec::new();
    for s in 0..n_samples {
        z.extend((0..fan_out).map(|m| {
            let terms =
                (0..fan_in).map(|k| at(&weight, m * fan_in + k) * at(&input, s * fan_in + k));
            at(&bias, m) + terms.sum::<f64>()
        }));
        d.extend((0..fan_in).map(|k| {
            let terms =
                (0..fan_out).map(|m| at(&weight, m * fan_in + k) * at(&delta, s * fan_out + m));
            terms.sum::<f64>()
        }));
    }
    let mut w = Vec::new();
    for m in 0..fan_out {
        w.extend((0..fan_in).map(|k| {
            let terms =
                (0..n_samples).map(|s| at(&delta, s * fan_out + m) * at(&input, s * fan_in + k));
            at(&weight, m * fan_in + k) + terms.sum::<f64>()
        }));
    }

    let input_panels = panels(&input, fan_in, n_samples);
    let delta_panels = panels(&delta, fan_out, n_samples);
    assert_eq!(samples(&input_panels, fan_in, n_samples), input);
    let stride = fan_in.next_multiple_of(T::PANEL) + T::PANEL;
    let mut padded = vec![T::one(); n_samples * stride];
    for (row, sample) in padded.chunks_mut(stride).zip(input.chunks(fan_in)) {
        row[..fan_in].copy_from_slice(sample);
    }
    let sample_major = Input {
        values: &padded,
        start: 0,
        stride,
    };

    // What the processor has.
    let mut output = vec![T::of(7.0); n_panels * fan_out * T::PANEL];
    let all_inputs = 0..fan_in;
    forward(
        &mut output,
        &weight,
        &bias,
        &input_panels,
        all_inputs.clone(),
        n_panels,
        false,
    );
    assert_close("Z", &samples(&output, fan_out, n_samples), &z, fan_in);
    // Rectified, the same bits where they are not negative.
    let rectified: Vec<T> = output.iter().map(|&z| relu(z)).collect();
    let mut found = vec![T::of(7.0); output.len()];
    forward(
        &mut found,
        &weight,
        &bias,
        &input_panels,
        all_inputs,
        n_panels,
        true,
    );
    assert!(found == rectified, "ReLU");
    // In two parts: the same bits.
    let cut = fan_in / 3;
    let mut in_parts = vec![T::of(9.0); n_panels * fan_out * T::PANEL];
    let mut rectified_in_parts = in_parts.clone();
    for inputs in [0..cut, cut..fan_in] {
        let part: Vec<T> = input
            .chunks(fan_in)
            .flat_map(|sample| sample[inputs.clone()].to_vec())
            .collect();
        if !inputs.is_empty() {
            let part = panels(&part, inputs.len(), n_samples);
            for (output, rectifies) in [(&mut in_parts, false), (&mut rectified_in_parts, true)] {
                let inputs = inputs.clone();
                forward(output, &weight, &bias, &part, inputs, n_panels, rectifies);
            }
        }
    }
    assert!(in_parts == output, "Z in parts");
    assert!(rectified_in_parts == rectified, "ReLU in parts");
    let mut output = vec![T::of(7.0); n_panels * fan_in * T::PANEL];
    let all_units = 0..fan_out;
    let of_all = |output: &mut Vec<T>, rectified: Option<&[T]>| {
        input_gradient(
            Gradient {
                output,
                rectified,
                factor: None,
            },
            &weight,
            fan_in,
            &delta_panels,
            all_units.clone(),
            0..fan_in,
            n_panels,
        );
    };
    of_all(&mut output, None);
    assert_close("dA", &samples(&output, fan_in, n_samples), &d, fan_out);
    // Where the inputs' activations are above 0, the same bits; elsewhere 0.
    let activations: Vec<T> = input_panels.iter().map(|&a| relu(a)).collect();
    let zero = T::zero();
    let masked: Vec<T> = (output.iter().zip(&activations))
        .map(|(&d, &a)| if a > zero { d } else { zero })
        .collect();
    let mut found = vec![T::of(7.0); output.len()];
    of_all(&mut found, Some(&activations));
    assert!(found == masked, "slope of ReLU");
    let cut = fan_out / 2;
    let mut in_parts = vec![T::of(9.0); n_panels * fan_in * T::PANEL];
    let mut masked_in_parts = in_parts.clone();
    for units in [0..cut, cut..fan_out] {
        let part: Vec<T> = delta
            .chunks(fan_out)
            .flat_map(|sample| sample[units.clone()].to_vec())
            .collect();
        if !units.is_empty() {
            let part = panels(&part, units.len(), n_samples);
            let some = Some(&activations[..]);
            for (output, rectified) in [(&mut in_parts, None), (&mut masked_in_parts, some)] {
                input_gradient(
                    Gradient {
                        output,
                        rectified,
                        factor: None,
                    },
                    &weight,
                    fan_in,
                    &part,
                    units.clone(),
                    0..fan_in,
                    n_panels,
                );
            }
        }
    }
    assert!(masked_in_parts == masked, "slope of ReLU in parts");
    assert!(in_parts == output, "dA in parts");
    let panel = fan_out * T::PANEL;
    let values = &delta_panels[..];
    let all = Share {
        n_samples,
        delta: Delta { values, panel },
        input: sample_major,
    };
    let mut updated = weight.clone();
    weight_gradient(onto(&mut updated, fan_in, 0..fan_in, false), &[all]);
    assert_close("W", &updated, &w, n_samples);
    // In the place of what was there.
    let mut replaced = vec![T::of(9.0); fan_in * fan_out];
    weight_gradient(onto(&mut replaced, fan_in, 0..fan_in, true), &[all]);
    let mut added = vec![T::zero(); fan_in * fan_out];
    weight_gradient(onto(&mut added, fan_in, 0..fan_in, false), &[all]);
    assert!(replaced == added, "dW in the place of what was there");
    // In shares of the samples.
    let mut bias_of_all = bias.clone();
    row_sums(&mut bias_of_all, &[values]);
    for first_panels in 1..n_panels {
        let first = first_panels * T::PANEL;
        let (values, rest) = values.split_at(first_panels * panel);
        let (mut one, mut other) = (all, all);
        (one.n_samples, other.n_samples) = (first, n_samples - first);
        (one.delta.values, other.delta.values) = (values, rest);
        (one.input.values, other.input.values) = padded.split_at(first * stride);
        let mut in_shares = weight.clone();
        weight_gradient(
            onto(&mut in_shares, fan_in, 0..fan_in, false),
            &[one, other],
        );
        assert!(in_shares == updated, "W in shares");
        let mut bias_in_shares = bias.clone();
        row_sums(&mut bias_in_shares, &[values, rest]);
        assert!(bias_in_shares == bias_of_all, "b in shares");
    }
    // Line by line and row by row.
    let mut in_parts = weight.clone();
    for (unit, row) in in_parts.chunks_mut(fan_in).enumerate() {
        let values = &values[unit * T::PANEL..];
        for first in (0..fan_in).step_by(T::PANEL) {
            let columns = first..(first + T::PANEL).min(fan_in);
            let line = Share {
                n_samples,
                delta: Delta { values, panel },
                input: Input {
                    start: first,
                    ..sample_major
                },
            };
            weight_gradient(onto(row, fan_in, columns, false), &[line]);
        }
    }
    assert!(in_parts == updated, "W in parts");

    // Sample by sample.
    let mut output = vec![T::of(7.0); n_samples * fan_out];
    for (z, sample) in output.chunks_mut(fan_out).zip(input.chunks(fan_in)) {
        one_sample(z, &weight, &bias, sample);
    }
    assert_close("Z, one sample", &output, &z, fan_in);

    // Every kind of vector that the processor has, and none.
    let naive = Naive {
        z: &z,
        d: &d,
        w: &w,
    };
    let data = Data {
        weight: &weight,
        bias: &bias,
        input: &input,
        input_panels: &input_panels,
        samples: all,
    };
    check_with(pulp::Scalar::new(), "portable", shape, &data, &naive);
    // Vectors of a quarter of a line, as NEON's, and of a line, as those of AVX-512, on any processor.
    check_with(pulp::Scalar128b, "a quarter", shape, &data, &naive);
    check_with(pulp::Scalar512b, "a line", shape, &data, &naive);
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V3::try_new() {
            check_with(simd, "AVX2", shape, &data, &naive);
        }
        if let Some(simd) = pulp::x86::V4::try_new() {
            check_with(simd, "AVX-512", shape, &data, &naive);
        }
    }
}

/// What the products are made of.
struct Data<'a, T> {
    weight: &'a [T],
    bias: &'a [T],
    input: &'a [T],
    input_panels: &'a [T],
    samples: Share<'a, T>,
}

/// The products by naive sums.
struct Naive<'a> {
    z: &'a [f64],
    d: &'a [f64],
    w: &'a [f64],
}

/// Every product with one kind of vector.
fn check_with<T: Scalar, S: Simd>(
    simd: S,
    kind: &str,
    shape: &Shape,
    data: &Data<'_, T>,
    naive: &Naive<'_>,
) {
    let &Shape {
        fan_in,
        fan_out,
        n_samples,
    } = shape;
    let n_panels = n_samples.div_ceil(T::PANEL);
    let mut output = vec![T::of(7.0); n_samples * fan_out];
    for (output, input) in output.chunks_mut(fan_out).zip(data.input.chunks(fan_in)) {
        simd.vectorize(OneSample {
            output,
            weight: data.weight,
            bias: data.bias,
            input,
        });
    }
    assert_close(&format!("Z, one sample, {kind}"), &output, naive.z, fan_in);
    let mut output = vec![T::of(7.0); n_panels * fan_out * T::PANEL];
    simd.vectorize(Forward {
        output: &mut output,
        weight: data.weight,
        bias: data.bias,
        input: data.input_panels,
        inputs: 0..fan_in,
        rectifies: false,
    });
    let mut rectified = vec![T::of(7.0); output.len()];
    simd.vectorize(Forward {
        output: &mut rectified,
        weight: data.weight,
        bias: data.bias,
        input: data.input_panels,
        inputs: 0..fan_in,
        rectifies: true,
    });
    let is_relu = |(&a, &z): (&T, &T)| a == relu(z);
    assert!(rectified.iter().zip(&output).all(is_relu), "ReLU, {kind}");
    let output = samples(&output, fan_out, n_samples);
    assert_close(&format!("Z, {kind}"), &output, naive.z, fan_in);
    // Some of the inputs only.
    let some = fan_in / 3..fan_in;
    let mut output = vec![T::of(7.0); n_panels * some.len() * T::PANEL];
    simd.vectorize(InputGradient {
        output: &mut output,
        rectified: None,
        factor: None,
        weight: data.weight,
        fan_in,
        delta: data.samples.delta.values,
        units: 0..fan_out,
        inputs: some.clone(),
    });
    let expected: Vec<f64> = naive
        .d
        .chunks(fan_in)
        .flat_map(|d| d[some.clone()].to_vec())
        .collect();
    let mut masked = vec![T::of(7.0); output.len()];
    let activations: Vec<T> = noise(output.len(), 14);
    simd.vectorize(InputGradient {
        output: &mut masked,
        rectified: Some(&activations),
        factor: Some(T::of(3.0)),
        weight: data.weight,
        fan_in,
        delta: data.samples.delta.values,
        units: 0..fan_out,
        inputs: some.clone(),
    });
    for ((&found, &d), &a) in masked.iter().zip(&output).zip(&activations) {
        let kept = if a > T::zero() { d } else { T::zero() };
        assert_eq!(found, T::of(3.0) * kept, "{kind}");
    }
    let output = samples(&output, some.len(), n_samples);
    assert_close(&format!("dA, {kind}"), &output, &expected, fan_out);
    let mut updated = data.weight.to_vec();
    simd.vectorize(WeightGradient {
        onto: onto(&mut updated, fan_in, 0..fan_in, false),
        shares: &[data.samples],
    });
    assert_close(&format!("W, {kind}"), &updated, naive.w, n_samples);
    let mut sums = data.bias.to_vec();
    simd.vectorize(RowSums {
        sums: &mut sums,
        shares: &[data.samples.delta.values],
    });
    let delta = samples(data.samples.delta.values, fan_out, n_samples);
    let expected: Vec<f64> = (0..fan_out)
        .map(|m| {
            let terms = delta.iter().skip(m).step_by(fan_out);
            data.bias[m].to_f64() + terms.map(|d| d.to_f64()).sum::<f64>()
        })
        .collect();
    assert_close(&format!("b, {kind}"), &sums, &expected, n_samples);
}

/// Any samples in any order, some of their rows, are in panels and sample-major what is made of each number alone.
fn check_gather<T: Scalar, D: Decode<T>>(
    decode: D,
    values: &[D::Stored],
    n_rows: usize,
    which: &[usize],
) {
    let n_samples = which.len();
    let rows = n_rows / 4..n_rows;
    let source = Source {
        values,
        stride: n_rows,
        which: Some(which),
        n_samples,
    };
    let expected = |sample: usize, number: usize| -> T {
        let feature = rows.start + number;
        decode.number(values[which[sample] * n_rows + feature], feature)
    };
    let lanes = n_samples.next_multiple_of(T::PANEL);
    let mut panels = vec![T::of(f64::NAN); lanes * rows.len()];
    let stride = rows.len() + 3;
    let mut copied = vec![T::of(7.0); n_samples * stride];
    let copies = Copies {
        values: &mut copied,
        stride,
    };
    into_panels(source, decode, &rows, &mut panels, Some(copies));
    for (sample, copy) in copied.chunks(stride).enumerate() {
        for (number, &found) in copy[..rows.len()].iter().enumerate() {
            assert_eq!(found, expected(sample, number), "sample {sample}");
        }
        assert!(copy[rows.len()..].iter().all(|&rest| rest == T::of(7.0)));
    }
    let mut without = vec![T::of(f64::NAN); panels.len()];
    into_panels(source, decode, &rows, &mut without, None);
    assert_eq!(without, panels);
    for (lane, number) in (0..lanes).flat_map(|lane| (0..rows.len()).map(move |r| (lane, r))) {
        let (panel, lane_in_panel) = (lane / T::PANEL, lane % T::PANEL);
        let found = panels[(panel * rows.len() + number) * T::PANEL + lane_in_panel];
        let expected = if lane < n_samples {
            expected(lane, number)
        } else {
            T::zero()
        };
        assert_eq!(found, expected, "lane {lane}, row {number}");
    }
}

/// Numbers and bytes, as they are and scaled.
fn check_gathers<T: Scalar>(n_rows: usize, n_columns: usize, which: &[usize]) {
    let numbers: Vec<T> = noise(n_rows * n_columns, 5);
    let byte = |x: &T| (127.5 * (x.to_f64() + 1.0)) as u8;
    let bytes: Vec<u8> = numbers.iter().map(byte).collect();
    let [shift, rest, scale]: [Vec<T>; 3] = [11, 12, 13].map(|seed| noise(n_rows, seed));
    let by = InputScaling {
        shift: &shift,
        rest: &rest,
        scale: &scale,
    };
    check_gather(AsTheyAre, &numbers, n_rows, which);
    check_gather::<T, _>(FromBytes, &bytes, n_rows, which);
    let unscaled = AsTheyAre;
    check_gather(Scaled { unscaled, by }, &numbers, n_rows, which);
    let unscaled = FromBytes;
    check_gather(Scaled { unscaled, by }, &bytes, n_rows, which);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn products_equal_naive_sums(fan_in in 1_usize..70, fan_out in 1_usize..30, n_samples in 1_usize..50) {
        let shape = Shape { fan_in, fan_out, n_samples };
        check_products::<f32>(&shape);
        check_products::<f64>(&shape);
    }

    #[test]
    fn samples_are_gathered_number_by_number(
        n_rows in 1_usize..40,
        which in proptest::collection::vec(0_usize..60, 1..50),
    ) {
        check_gathers::<f32>(n_rows, 60, &which);
        check_gathers::<f64>(n_rows, 60, &which);
    }
}

/// More features than are turned at a time, with every kind of rest; some begin at a quarter of them.
#[test]
fn many_features_are_gathered_number_by_number() {
    let which: Vec<usize> = (0..27).map(|i| i * 7 % 30).collect();
    for n_rows in [64, 65, 71, 72, 73, 85, 86, 94, 98, 150, 181] {
        check_gathers::<f32>(n_rows, 30, &which);
        check_gathers::<f64>(n_rows, 30, &which);
    }
}

/// More inputs and units than a block of either holds: whole tiles only, and every kind of rest.
#[test]
fn blocks_are_put_together() {
    for (fan_in, fan_out, n_samples) in [
        (600, 7, 17),
        (5, 300, 33),
        (528, 132, 32),
        (1001, 7, 33),
        (805, 3, 33),
        (131, 9, 300),
    ] {
        check_products::<f32>(&Shape {
            fan_in,
            fan_out,
            n_samples,
        });
        check_products::<f64>(&Shape {
            fan_in,
            fan_out,
            n_samples,
        });
    }
}
