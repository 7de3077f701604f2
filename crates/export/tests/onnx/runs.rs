//! `rten` computes in single precision throughout, and knows no texts: models of plain numbers.

use std::collections::HashMap;

use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};
use smallbatch_predict::Model;

use crate::random::{Case, Cell, Columns, case};

/// The columns that are inputs, and the outputs; `label` where there are classes.
struct Run {
    values: Vec<Vec<f64>>,
    labels: Option<Vec<i32>>,
    intervals: Option<Vec<(f64, f64)>>,
}

fn run(case: &Case) -> Run {
    let bytes = smallbatch_export::onnx(&case.model).unwrap();
    let graph = rten::Model::load(bytes).unwrap();
    let inputs = graph.input_ids().iter().map(|&id| {
        let name = graph.node_info(id).unwrap().name().unwrap().to_owned();
        let at = case.model.columns.iter().position(|c| c.name == name);
        let cells = case.rows.iter().map(|row| number(&row[at.unwrap()]));
        let column = Tensor::from_data(&[case.rows.len(), 1], cells.collect::<Vec<f32>>());
        (id, column.into())
    });
    let names = graph.output_ids().iter().map(|&id| {
        let name = graph.node_info(id).unwrap().name().unwrap();
        name.trim_end_matches('1').to_owned()
    });
    let outputs = graph.run(inputs.collect(), graph.output_ids(), None);
    let mut outputs: HashMap<String, _> = names.zip(outputs.unwrap()).collect();
    let mut of = |name: &str| -> Option<Vec<Vec<f64>>> {
        let values: NdTensor<f32, 2> = outputs.remove(name)?.try_into().unwrap();
        let rows = (0..values.size(0)).map(|row| values.slice(row));
        Some(
            rows.map(|row| row.iter().map(|&v| f64::from(v)).collect())
                .collect(),
        )
    };
    let values = of("variable").or_else(|| of("probabilities")).unwrap();
    let intervals = of("low").zip(of("high")).map(|(low, high)| {
        let pairs = low.iter().zip(&high);
        pairs.map(|(low, high)| (low[0], high[0])).collect()
    });
    let labels = outputs.remove("label").map(|labels| {
        let labels: NdTensor<i32, 1> = labels.try_into().unwrap();
        labels.to_vec()
    });
    assert!(outputs.is_empty());
    Run {
        values,
        labels,
        intervals,
    }
}

fn number(cell: &Cell) -> f32 {
    match cell {
        Cell::Number(number) => *number as f32,
        Cell::Truth(is) => f32::from(u8::from(*is)),
        Cell::Missing => f32::NAN,
        Cell::Text(text) => panic!("{text:?} is no number"),
    }
}

/// 36 kinds of models: four scalings by nine activations; and all targets.
#[test]
fn another_implementation_predicts_the_same() {
    let mut worst = 0.0_f64;
    let mut n_intervals = 0;
    let difference = |ours: f64, theirs: f64| (ours - theirs).abs() / ours.abs().max(1.0);
    for number in 0..72 {
        let case = case(number, Columns::Plain, 40);
        let run = run(&case);
        for (row, (ours, theirs)) in case.predictions().iter().zip(&run.values).enumerate() {
            assert_eq!(ours.len(), theirs.len());
            for (a, b) in ours.iter().zip(theirs) {
                let difference = difference(*a, *b);
                assert!(
                    difference < 1e-5,
                    "case {number}, row {row}: {a} is {b}, {:?}",
                    case.rows[row]
                );
                worst = worst.max(difference);
            }
            if let Some(labels) = &run.labels {
                assert_eq!(labels[row].to_string(), most_probable(&case.model, theirs));
            }
        }
        assert_eq!(run.labels.is_none(), case.model.classes.is_empty());
        let ours = case.intervals();
        assert_eq!(ours.is_some(), run.intervals.is_some(), "case {number}");
        for (a, b) in ours.iter().flatten().zip(run.intervals.iter().flatten()) {
            let difference = difference(a.0, b.0).max(difference(a.1, b.1));
            assert!(difference < 1e-5, "case {number}: {a:?} is {b:?}");
            n_intervals += 1;
        }
    }
    println!("worst difference: {worst:.1e}");
    assert!(n_intervals >= 200, "{n_intervals} intervals");
    // Two implementations whose exponentials differ are not equal to the bit.
    assert!(worst > 0.0);
}

fn most_probable<'m>(model: &'m Model, probabilities: &[f64]) -> &'m str {
    let largest = probabilities.iter().copied().fold(0.0, f64::max);
    let at = probabilities.iter().position(|&p| p == largest).unwrap();
    &model.classes[at]
}
