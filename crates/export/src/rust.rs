//! A model as a Rust source of constants.

use std::fmt::Write as _;

use smallbatch_predict::{
    Column, DatePart, Errors, Feature, FeatureScaling, HiddenActivation, Kind, Layer, Model,
    ModelMember, Output,
};

/// Numbers in a line.
const IN_A_LINE: usize = 8;

/// A Rust source with `pub static MODEL: Model`, to the last bit this model. It needs the crate `smallbatch-predict`, without its feature
/// `file` if no other model is read from one, and no standard library.
pub fn rust_source(model: &Model) -> String {
    let columns: Vec<String> = model
        .columns
        .iter()
        .filter(|column| !matches!(column.kind, Kind::Constant { .. }))
        .map(|column| format!("{:?}", column.name))
        .collect();
    format!(
        "\
// A model that predicts {target:?} from {columns}.
// Written by `smallbatch export --rust`: do not change it, but write it anew. It needs the crate `smallbatch-predict`:
//
//     let mut row = MODEL.row();
//     row.set(name, value)?;
//     let prediction = MODEL.predict(&row)?;

use smallbatch_predict as predict;

/// Predicts {target:?}.
#[rustfmt::skip]
#[allow(unreachable_pub, clippy::all, clippy::excessive_precision, clippy::unreadable_literal, clippy::approx_constant)]
pub static MODEL: predict::Model = predict::Model {{
target: {},
classes: {},
columns: {},
members: {},
errors: {},
}};
",
        text(&model.target),
        list(&model.classes, |class| text(class)),
        list(&model.columns, column),
        list(&model.members, member),
        option(model.errors.as_ref(), |Errors { errors, rows }| format!(
            "predict::Errors {{ errors: {}, rows: {rows} }}",
            numbers(errors)
        )),
        target = model.target,
        columns = columns.join(", "),
    )
}

fn text(text: &str) -> String {
    format!("predict::Text::Borrowed({text:?})")
}

fn list<T>(all: &[T], write: impl Fn(&T) -> String) -> String {
    let all: Vec<String> = all.iter().map(write).collect();
    format!("predict::List::Borrowed(&[{}])", all.join(",\n"))
}

fn option<T>(value: Option<T>, write: impl Fn(T) -> String) -> String {
    value.map_or("None".into(), |value| format!("Some({})", write(value)))
}

/// Shortest decimals that read back to the same bits.
fn number(number: f64) -> String {
    match number {
        x if x.is_nan() => "f64::NAN".into(),
        f64::INFINITY => "f64::INFINITY".into(),
        f64::NEG_INFINITY => "f64::NEG_INFINITY".into(),
        x => format!("{x:?}"),
    }
}

fn single(number: f32) -> String {
    match number {
        x if x.is_nan() => "f32::NAN".into(),
        f32::INFINITY => "f32::INFINITY".into(),
        f32::NEG_INFINITY => "f32::NEG_INFINITY".into(),
        x => format!("{x:?}"),
    }
}

/// Numbers in lines.
fn lines<T: Copy>(all: &[T], write: impl Fn(T) -> String) -> String {
    let mut text = String::new();
    for (at, value) in all.iter().enumerate() {
        let between = match at {
            0 => "",
            _ if at % IN_A_LINE == 0 => ",\n",
            _ => ", ",
        };
        // Writing into a text does not fail.
        let _ = write!(text, "{between}{}", write(*value));
    }
    format!("predict::List::Borrowed(&[{text}])")
}

fn numbers(all: &[f64]) -> String {
    lines(all, number)
}

fn column(
    Column {
        name,
        kind,
        had_missing,
    }: &Column,
) -> String {
    let kind = match kind {
        Kind::Number { range } => {
            let range = option(*range, |[least, largest]| {
                format!("[{}, {}]", number(least), number(largest))
            });
            format!("Number {{ range: {range} }}")
        }
        Kind::Boolean => "Boolean".into(),
        Kind::Category { levels } => {
            format!(
                "Category {{ levels: {} }}",
                list(levels, |level| text(level))
            )
        }
        Kind::Date { earliest } => format!("Date {{ earliest: {} }}", number(*earliest)),
        Kind::Time => "Time".into(),
        Kind::Constant { value } => format!("Constant {{ value: {} }}", text(value)),
    };
    format!(
        "predict::Column {{ name: {}, kind: predict::Kind::{kind}, had_missing: {had_missing} }}",
        text(name)
    )
}

fn member(member: &ModelMember) -> String {
    format!(
        "\
predict::ModelMember {{
features: {},
scaling: predict::FeatureScaling::{},
network: predict::Network {{
layers: {},
activation: predict::HiddenActivation::{},
}},
output: predict::Output::{},
}}",
        list(&member.features, feature),
        scaling(&member.scaling),
        list(&member.network.layers, |Layer { weights, bias }| format!(
            "predict::Layer {{ weights: {},\nbias: {} }}",
            lines(weights, single),
            lines(bias, single)
        )),
        activation(member.network.activation),
        output(member.output)
    )
}

fn feature(feature: &Feature) -> String {
    let part = option(feature.part(), |part| {
        let name = match part {
            DatePart::Trend => "Trend",
            DatePart::Month => "Month",
            DatePart::Weekday => "Weekday",
            DatePart::Hour => "Hour",
            DatePart::Sine => "Sine",
            DatePart::Cosine => "Cosine",
        };
        format!("predict::DatePart::{name}")
    });
    let (name, rest) = match feature {
        Feature::Number { fill, .. } => ("Number", format!(", fill: {}", number(*fill))),
        Feature::IsMissing { .. } => ("IsMissing", String::new()),
        Feature::Is { code, .. } => (
            "Is",
            format!(", code: {}", option(*code, |code| code.to_string())),
        ),
        Feature::IsOther { codes, .. } => (
            "IsOther",
            format!(", codes: {}", lines(codes, |code| code.to_string())),
        ),
        Feature::Mean { means, .. } => ("Mean", format!(", means: {}", numbers(means))),
    };
    format!(
        "predict::Feature::{name} {{ column: {}, part: {part}{rest} }}",
        feature.column()
    )
}

fn scaling(scaling: &FeatureScaling) -> String {
    let both = |name, shift, scale| {
        format!(
            "{name} {{ shift: {}, scale: {} }}",
            numbers(shift),
            numbers(scale)
        )
    };
    match scaling {
        FeatureScaling::Affine { shift, scale } => both("Affine", shift, scale),
        FeatureScaling::SmoothClip { shift, scale } => both("SmoothClip", shift, scale),
        FeatureScaling::Quantiles { quantiles } => format!(
            "Quantiles {{ quantiles: {} }}",
            list(quantiles, |quantiles| numbers(quantiles))
        ),
        FeatureScaling::PerSample => "PerSample".into(),
    }
}

fn activation(activation: HiddenActivation) -> String {
    match activation {
        HiddenActivation::LeakyRelu { slope } => {
            format!("LeakyRelu {{ slope: {} }}", number(slope))
        }
        HiddenActivation::Elu { alpha } => format!("Elu {{ alpha: {} }}", number(alpha)),
        HiddenActivation::Identity => "Identity".into(),
        HiddenActivation::Relu => "Relu".into(),
        HiddenActivation::Tanh => "Tanh".into(),
        HiddenActivation::Sigmoid => "Sigmoid".into(),
        HiddenActivation::Silu => "Silu".into(),
        HiddenActivation::Gelu => "Gelu".into(),
        HiddenActivation::Softplus => "Softplus".into(),
    }
}

fn output(output: Output) -> String {
    match output {
        Output::Probabilities => "Probabilities".into(),
        Output::Number { mean, scale } => {
            format!(
                "Number {{ mean: {}, scale: {} }}",
                number(mean),
                number(scale)
            )
        }
        Output::Logarithm {
            mean,
            scale,
            smear,
            reach,
        } => format!(
            "Logarithm {{ mean: {}, scale: {}, smear: {}, reach: {} }}",
            number(mean),
            number(scale),
            number(smear),
            number(reach)
        ),
    }
}
