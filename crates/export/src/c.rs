//! A model as a C header that predicts by itself.

mod about;
mod cells;
mod runtime;

use std::fmt::Write as _;

use smallbatch_predict::{
    Feature, FeatureScaling, HiddenActivation, Kind, Layer, Model, ModelMember, Output,
};

use crate::half_width_90;
use cells::{Cells, KEPT, commented, word};
use runtime::Runtime;

/// Numbers in a line.
const IN_A_LINE: usize = 8;

/// One header in C99 with `NAME_predict`, where NAME is the name in lower case with `_` for all that is no letter or digit. It includes
/// `stdint.h` and `float.h` only, allocates nothing and calls no library.
///
/// It predicts the bits of [`Model::predict`] wherever `float` and `double` are those of IEEE 754 and are computed in no wider type. It
/// switches fused operations off by pragmas of gcc, clang and MSVC; other compilers need their flag for that. Warnings are not ported.
pub fn c_header(model: &Model, name: &str) -> String {
    let prefix = word(name).to_ascii_lowercase();
    let prefix = match prefix.as_bytes().first() {
        Some(first) if first.is_ascii_digit() => format!("model_{prefix}"),
        Some(_) => prefix,
        None => "model".into(),
    };
    let cells = Cells::of(model);
    let mut runtime = Runtime::default();
    runtime.need("wide_bits");
    let mut data = String::new();
    let mut steps = String::new();
    for (at, member) in model.members.iter().enumerate() {
        let mut writer = Writer {
            cells: &cells,
            runtime: &mut runtime,
            data: &mut data,
            steps: &mut steps,
            member: at,
        };
        writer.member(member);
    }
    let names = cells.names(model, &mut runtime);
    let text = format!(
        "{}{}{}{names}{data}{}{}{END}",
        head(model, &cells),
        runtime.text(),
        about::texts(model, &cells),
        predict(model, &cells, &steps),
        about::about(model, &cells),
    );
    with_prefix(&text, &prefix)
}

/// What stands behind every header.
const END: &str = "
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
#ifdef __cplusplus
}
#endif
#endif
";

/// `P_` where a word begins becomes the model's own prefix, and `Q_` that in capitals.
fn with_prefix(text: &str, prefix: &str) -> String {
    let capitals = prefix.to_ascii_uppercase();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let is_begun = before.is_ascii_alphanumeric() || before == '_';
        match c {
            'P' if !is_begun && rest.as_str().starts_with('_') => out.push_str(prefix),
            'Q' if !is_begun && rest.as_str().starts_with('_') => out.push_str(&capitals),
            KEPT => out.push('_'),
            c => out.push(c),
        }
        before = c;
    }
    out
}

fn head(model: &Model, cells: &Cells) -> String {
    let has = |is: fn(&Kind) -> bool| model.columns.iter().any(|column| is(&column.kind));
    let is_number = model.classes.is_empty();
    let outputs = if is_number {
        "outputs[0] is the prediction".into()
    } else {
        format!(
            "outputs has the probabilities of the {} classes, see P_class",
            model.classes.len()
        )
    };
    format!(
        "\
/* Predicts {target}. Written by `smallbatch export --c`: do not change it, but write it anew.

     double cells[Q_N_CELLS], outputs[Q_N_OUTPUTS];
     P_clear(cells);                    all cells missing
{example}     if (P_predict(cells, outputs)) ...   {outputs}

   A cell is a number, 1 or 0 for true or false{texts}{dates}{times}, or P_missing() if it is not known.
   P_predict returns 0 where a cell is infinite, or a number so far from those of training that it must be a mistake, or the prediction is
   not finite. Each file that includes this header has its own copy. Nothing is allocated; the stack holds {stack} bytes of numbers.

   The bits are the same on every processor if no operations are fused. The pragmas below see to it for gcc, clang and MSVC; elsewhere
   use what is -ffp-contract=off there. */

#ifndef Q_H
#define Q_H

#include <float.h>
#include <stdint.h>

#if defined(__FAST_MATH__)
#error \"with -ffast-math this predicts other numbers\"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error \"numbers are computed in a wider type; with -msse2 -mfpmath=sse they are not\"
#endif
#ifdef __cplusplus
extern \"C\" {{
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize (\"fp-contract=off\")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

#define Q_N_OUTPUTS {n_outputs}
{half_width}{list}",
        target = commented(&model.target),
        example = cells.example(),
        texts = if has(|kind| matches!(kind, Kind::Category { .. })) {
            ", what P_level says of a text"
        } else {
            ""
        },
        dates = if has(|kind| matches!(kind, Kind::Date { .. })) {
            ", what P_date makes of a date"
        } else {
            ""
        },
        times = if has(|kind| matches!(kind, Kind::Time)) {
            ", what P_time makes of a time of day"
        } else {
            ""
        },
        stack = 8 * most_features(model) + 8 * widest(model),
        n_outputs = model.classes.len().max(1),
        half_width = half_width(model),
        list = cells.list(model),
    )
}

/// How far 90 % of the truth lie from the prediction.
fn half_width(model: &Model) -> String {
    match half_width_90(model) {
        Some(half) => format!(
            "/* 9 of 10 numbers are within outputs[0] - and + this. */\n#define Q_HALF_WIDTH_90 {}\n",
            number(half)
        ),
        None if model.errors.is_none() => String::new(),
        None => "/* Too few rows vouch for an interval that holds 9 of 10 numbers. */\n".into(),
    }
}

fn most_features(model: &Model) -> usize {
    let features = model.members.iter().map(|member| member.features.len());
    features.max().unwrap_or(0).max(1)
}

/// Inputs or units of the widest layer.
fn widest(model: &Model) -> usize {
    let layers = model.members.iter().flat_map(|m| &*m.network.layers);
    let widest = layers.map(|layer| layer.n_units().max(layer.n_inputs()));
    widest.max().unwrap_or(0).max(1)
}

fn predict(model: &Model, cells: &Cells, steps: &str) -> String {
    format!(
        "
/* See above. */
static inline int P_predict(const double cells[Q_N_CELLS], double outputs[Q_N_OUTPUTS]) {{
    double x[{features}];
    float a[{widest}], b[{widest}];
    int i;
    for (i = 0; i < Q_N_OUTPUTS; i++) outputs[i] = 0.0;
    for (i = 0; i < Q_N_CELLS; i++) {{
        if (cells[i] > DBL_MAX || cells[i] < -DBL_MAX) return 0;
    }}
{refused}{steps}    for (i = 0; i < Q_N_OUTPUTS; i++) {{
        outputs[i] /= {n_members};
        if (!(outputs[i] <= DBL_MAX && outputs[i] >= -DBL_MAX)) return 0;
    }}
    return 1;
}}
",
        features = most_features(model),
        widest = widest(model),
        refused = cells.refused(model),
        n_members = number(model.members.len().max(1) as f64),
    )
}

/// Shortest decimals that read back to the same bits.
fn number(number: f64) -> String {
    format!("{number:?}")
}

fn single(number: f32) -> String {
    format!("{number:?}f")
}

/// Writes one member: its numbers and its steps.
struct Writer<'a> {
    cells: &'a Cells,
    runtime: &'a mut Runtime,
    data: &'a mut String,
    steps: &'a mut String,
    member: usize,
}

impl Writer<'_> {
    fn member(&mut self, member: &ModelMember) {
        let n = member.features.len();
        self.step(&format!("/* Network {}. */", self.member + 1));
        for (at, feature) in member.features.iter().enumerate() {
            let value = self.feature(at, feature);
            self.step(&format!("x[{at}] = {value};"));
        }
        self.scaling(&member.scaling, n);
        self.runtime.need("input");
        self.step(&format!("for (i = 0; i < {n}; i++) a[i] = P_input(x[i]);"));
        self.layers(member);
        let n_outputs = member.network.n_outputs();
        if member.output == Output::Probabilities {
            self.runtime.need("softmax");
            self.step(&format!("P_softmax(a, {n_outputs});"));
        }
        let value = match member.output {
            Output::Probabilities => "(double)a[i]".into(),
            Output::Number { mean, scale } => {
                format!("{} + {} * (double)a[i]", number(mean), number(scale))
            }
            Output::Logarithm {
                mean,
                scale,
                smear,
                reach,
            } => {
                self.runtime.need("wide_exp");
                self.runtime.need("within");
                let [mean, scale, smear] = [mean, scale, smear].map(number);
                let (least, most) = (number(-reach), number(reach));
                format!(
                    "{smear} * P_wide_exp({mean} + {scale} * P_within((double)a[i], {least}, {most}))"
                )
            }
        };
        self.step(&format!(
            "for (i = 0; i < {n_outputs}; i++) outputs[i] += {value};"
        ));
    }

    fn step(&mut self, step: &str) {
        let _ = writeln!(self.steps, "    {step}");
    }

    /// The numbers as a constant of this name.
    fn array<T: Copy>(&mut self, of: &str, name: &str, all: &[T], write: impl Fn(T) -> String) {
        let lines: Vec<String> = all
            .chunks(IN_A_LINE)
            .map(|line| {
                line.iter()
                    .map(|x| write(*x))
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .collect();
        let _ = writeln!(
            self.data,
            "static const {of} {name}[] = {{\n    {}\n}};",
            lines.join(",\n    ")
        );
    }

    fn feature(&mut self, at: usize, feature: &Feature) -> String {
        let cell = self.cells.cell(feature.column(), feature.part());
        let is_missing = format!("cells[{cell}] != cells[{cell}]");
        match feature {
            Feature::Number { fill, .. } => {
                format!("{is_missing} ? {} : cells[{cell}]", number(*fill))
            }
            Feature::IsMissing { .. } | Feature::Is { code: None, .. } => {
                format!("{is_missing} ? 1.0 : 0.0")
            }
            Feature::Is {
                code: Some(code), ..
            } => format!("cells[{cell}] == {code}.0 ? 1.0 : 0.0"),
            Feature::IsOther { codes, .. } => {
                let mut others = format!("cells[{cell}] == cells[{cell}]");
                for code in &**codes {
                    let _ = write!(others, " && cells[{cell}] != {code}.0");
                }
                format!("{others} ? 1.0 : 0.0")
            }
            Feature::Mean { means, .. } => {
                self.runtime.need("mean");
                let name = format!("P_{}_means_{at}", self.member);
                self.array("double", &name, means, number);
                format!("P_mean(cells[{cell}], {name}, {})", means.len() - 1)
            }
        }
    }

    fn scaling(&mut self, scaling: &FeatureScaling, n: usize) {
        let member = self.member;
        let mut both = |function: &'static str, shift: &[f64], scale: &[f64]| {
            self.runtime.need(function);
            let names = ["shift", "scale"].map(|name| format!("P_{member}_{name}"));
            self.array("double", &names[0], shift, number);
            self.array("double", &names[1], scale, number);
            self.step(&format!("P_{function}(x, {n}, {});", names.join(", ")));
        };
        match scaling {
            FeatureScaling::Affine { shift, scale } => both("affine", shift, scale),
            FeatureScaling::SmoothClip { shift, scale } => both("smooth_clip", shift, scale),
            FeatureScaling::Quantiles { quantiles } => {
                self.runtime.need("normal_scores");
                let names = ["quantiles", "counts"].map(|name| format!("P_{member}_{name}"));
                let all: Vec<f64> = quantiles.iter().flat_map(|q| q.iter().copied()).collect();
                let counts: Vec<usize> = quantiles.iter().map(|q| q.len()).collect();
                self.array("double", &names[0], &all, number);
                self.array("int", &names[1], &counts, |count| count.to_string());
                self.step(&format!("P_normal_scores(x, {n}, {});", names.join(", ")));
            }
            FeatureScaling::PerSample => {
                self.runtime.need("per_sample");
                self.step(&format!("P_per_sample(x, {n});"));
            }
        }
    }

    fn layers(&mut self, member: &ModelMember) {
        let member_at = self.member;
        self.runtime.need("dense");
        let (mut from, mut to) = ("a", "b");
        let last = member.network.layers.len().saturating_sub(1);
        for (at, layer) in member.network.layers.iter().enumerate() {
            let Layer { weights, bias } = layer;
            let (n_inputs, n_units) = (layer.n_inputs(), layer.n_units());
            let names = ["weights", "bias"].map(|name| format!("P_{member_at}_{name}_{at}"));
            self.array("float", &names[0], weights, single);
            self.array("float", &names[1], bias, single);
            self.step(&format!(
                "P_dense({}, {n_inputs}, {n_units}, {from}, {to});",
                names.join(", ")
            ));
            std::mem::swap(&mut from, &mut to);
            if at < last {
                self.activation(member.network.activation, from, n_units);
            }
        }
        if from == "b" {
            let n_outputs = member.network.n_outputs();
            self.step(&format!("for (i = 0; i < {n_outputs}; i++) a[i] = b[i];"));
        }
    }

    fn activation(&mut self, activation: HiddenActivation, values: &str, n: usize) {
        #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
        let (function, more) = match activation {
            HiddenActivation::Identity => return,
            HiddenActivation::Relu => ("relu", None),
            HiddenActivation::LeakyRelu { slope } => ("leaky_relu", Some(slope as f32)),
            HiddenActivation::Tanh => ("tanh", None),
            HiddenActivation::Sigmoid => ("sigmoid", None),
            HiddenActivation::Silu => ("silu", None),
            HiddenActivation::Gelu => ("gelu", None),
            HiddenActivation::Elu { alpha } => ("elu", Some(alpha as f32)),
            HiddenActivation::Softplus => ("softplus", None),
        };
        self.runtime.need(function);
        let more = more.map_or(String::new(), |more| format!(", {}", single(more)));
        self.step(&format!("P_{function}({values}, {n}{more});"));
    }
}
