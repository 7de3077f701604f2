//! Cells into features, in double precision.

use smallbatch_predict::{Feature, Model};

use super::graph::{Graph, Name};
use super::inputs::{Input, MISSING};
use super::proto::DataType;
use crate::Error;

/// The features, (rows, features).
///
/// # Errors
/// [`Error::Unsound`] where a feature does not fit its column.
pub(super) fn features(
    graph: &mut Graph,
    features: &[Feature],
    model: &Model,
) -> Result<Name, Error> {
    let mut parts = Vec::new();
    let one_hot = |a: &Feature, b: &Feature| {
        let are = matches!((a, b), (Feature::Is { .. }, Feature::Is { .. }));
        are && a.column() == b.column() && a.part() == b.part()
    };
    // Neighbours that ask for codes of the same column are one comparison.
    for group in features.chunk_by(one_hot) {
        let Some(first) = group.first() else { continue };
        let input = Input::of(first, model)?;
        parts.push(match first {
            Feature::Is { .. } => {
                let codes = group.iter().map(|feature| match feature {
                    Feature::Is {
                        code: Some(code), ..
                    } => i64::from(*code),
                    _ => MISSING,
                });
                let codes: Vec<i64> = codes.collect();
                let codes = graph.integers(&[1, codes.len()], &codes);
                let (code, _) = input.code(graph)?;
                let is = graph.node("Equal", &[&code, &codes]);
                graph.cast(&is, DataType::Double)
            }
            Feature::Number { fill, .. } => {
                let number = input.number(graph)?;
                let is_missing = graph.node("IsNaN", &[&number]);
                let fill = graph.double(*fill);
                graph.node("Where", &[&is_missing, &fill, &number])
            }
            Feature::IsMissing { .. } => {
                let number = input.number(graph)?;
                let is_missing = graph.node("IsNaN", &[&number]);
                graph.cast(&is_missing, DataType::Double)
            }
            Feature::IsOther { codes, .. } => {
                let is = |code: Option<u32>| {
                    let is_own = code.is_some_and(|code| codes.binary_search(&code).is_ok());
                    f64::from(u8::from(!is_own))
                };
                looked_up(graph, input, 0.0, is)?
            }
            Feature::Mean { means, .. } => {
                let (all, known) = means.split_last().ok_or_else(|| Error::Unsound {
                    reason: "a feature has no means".to_owned(),
                })?;
                let mean = |code: Option<u32>| {
                    let mean = code.and_then(|code| known.get(code as usize));
                    *mean.unwrap_or(all)
                };
                looked_up(graph, input, *all, mean)?
            }
        });
    }
    Ok(graph.concat(&parts))
}

/// A number for each code, and for `None`, which is a text that training did not know.
fn looked_up(
    graph: &mut Graph,
    input: Input<'_>,
    missing: f64,
    value: impl Fn(Option<u32>) -> f64,
) -> Result<Name, Error> {
    let (code, n) = input.code(graph)?;
    let known = (0..n).map(|code| value(u32::try_from(code).ok()));
    let table: Vec<f64> = [missing, value(None)].into_iter().chain(known).collect();
    let table = graph.doubles(&[table.len()], &table);
    let offset = graph.integers(&[], &[-MISSING]);
    let place = graph.node("Add", &[&code, &offset]);
    Ok(graph.node("Gather", &[&table, &place]))
}
