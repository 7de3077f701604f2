//! Forest plots: every effect with its interval, against the line of no effect.

use super::axis::Axis;
use super::content::Figure;
use super::picture::{Mark, Picture, Series, draw};
use super::words;
use crate::Error;
use crate::results::ClaimResult;
use crate::statistics::{Scale, Verdict};

/// Most rows of one picture: more would not fit on a printed page.
const ROWS: usize = 36;

/// The figure of some effects: ratios and differences apart, since they have other axes.
pub(super) fn figure(claims: &[&ClaimResult], identifier: &str) -> Result<Figure, Error> {
    let mut figure = Figure {
        legend: VERDICTS.iter().enumerate().map(|(style, name)| (STYLES[style], (*name).to_owned())).collect(),
        solid: true,
        caption: "An effect a row, with its interval; the upright line is no effect. An interval that runs off the picture is open \
                  or ends beyond it."
            .into(),
        ..Figure::default()
    };
    for (scale, name) in [(Scale::Ratio, "Ratios"), (Scale::Difference, "Differences")] {
        let of: Vec<&ClaimResult> = claims
            .iter()
            .copied()
            .filter(|claim| claim.effect.scale == scale)
            .collect();
        for (position, rows) in of.chunks(ROWS).enumerate() {
            let part = if of.len() > ROWS {
                format!("{name}, part {}", position + 1)
            } else {
                name.to_owned()
            };
            let identifier = format!("{identifier}-forest-{}-{position}", name.to_lowercase());
            let drawing = draw(&picture(rows, scale, &part), &identifier)?;
            figure.panels.push((part, drawing));
        }
    }
    Ok(figure)
}

const VERDICTS: [&str; 4] = ["supported", "refuted", "equivalent", "inconclusive"];
const STYLES: [usize; 4] = [2, 1, 0, 6];

fn style(verdict: &Verdict) -> usize {
    VERDICTS
        .iter()
        .position(|name| *name == verdict.name())
        .map_or(6, |at| STYLES[at])
}

/// The first of the two arms that an effect compares: its unit is "what, first / second".
fn first_arm(claim: &ClaimResult) -> Option<&str> {
    let (_, arms) = claim.effect.unit.split_once(", ")?;
    let (first, _) = arms.split_once(" / ").or_else(|| arms.split_once(" - "))?;
    Some(first)
}

fn picture<'a>(rows: &[&ClaimResult], scale: Scale, title: &str) -> Picture<'a> {
    let several = rows.iter().any(|claim| claim.id != rows[0].id);
    let compares_several = rows
        .iter()
        .any(|claim| first_arm(claim) != first_arm(rows[0]));
    let ends = rows.iter().flat_map(|claim| {
        [
            claim.effect.estimate.unwrap_or(f64::NAN),
            claim.effect.low,
            claim.effect.high,
        ]
    });
    let (none, x, x_label) = match scale {
        // A ratio is a factor: what is far beyond all others' estimates would press them together.
        Scale::Ratio => {
            let ends = ends
                .filter(|end| *end > 1e-3 && *end < 1e4)
                .chain([0.8, 1.25]);
            (
                1.0,
                Axis::holding(ends, 1.0),
                "ratio, first / second (no unit)",
            )
        }
        Scale::Difference => (
            0.0,
            Axis::holding(ends.chain([0.0]), f64::INFINITY),
            "difference, first - second (see the table)",
        ),
    };
    let series = rows.iter().enumerate().map(|(row, claim)| {
        let (effect, y) = (&claim.effect, -(row as f64));
        Series {
            style: style(&claim.verdict),
            solid: true,
            line: vec![(effect.low, Some(y)), (effect.high, Some(y))],
            marks: effect
                .estimate
                .map(|estimate| (estimate, Some(y), Mark::Dot))
                .into_iter()
                .collect(),
            ..Series::default()
        }
    });
    let budgets_differ = rows.iter().any(|claim| claim.budget != rows[0].budget);
    let names: Vec<String> = rows
        .iter()
        .map(|claim| {
            // What all rows have in common tells none apart, and takes the room of what does.
            let short = if budgets_differ || !(several || compares_several) {
                format!("{}, {}", claim.dataset, claim.budget)
            } else {
                claim.dataset.clone()
            };
            if several {
                format!("{short}, {}", claim.id)
            } else if let Some(first) = first_arm(claim).filter(|_| compares_several) {
                format!("{short}, {first}")
            } else {
                short
            }
        })
        .collect();
    let told: Vec<String> = rows
        .iter()
        .zip(&names)
        .map(|(claim, name)| {
            format!(
                "{name}: {} {}, {}",
                words::estimate(&claim.effect),
                words::interval(&claim.effect),
                claim.verdict.name()
            )
        })
        .collect();
    Picture {
        title: format!("{title} with their intervals"),
        description: told.join("; "),
        x_label,
        y_label: "",
        y: Axis::spanning(0.5 - rows.len() as f64, 0.5),
        x,
        series: series.collect(),
        upright: Some(none),
        rows: names,
        ..Picture::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_claim_are_told_apart_by_their_first_arms() {
        let mut claims = crate::report::fixture::results().claims;
        claims.truncate(2);
        for (claim, arm) in claims.iter_mut().zip(["full batch", "full batch, L-BFGS"]) {
            claim.id = "minibatch-is-faster".into();
            claim.dataset = "wine".into();
            claim.budget = "epochs".into();
            claim.effect.unit = format!("ratio of epochs to the target, {arm} / batch 32");
        }
        let rows: Vec<&ClaimResult> = claims.iter().collect();
        let names = picture(&rows, Scale::Ratio, "Ratios").rows;
        assert_eq!(
            names,
            ["wine, full batch", "wine, full batch, L-BFGS"],
            "the budget is the same"
        );
        assert_eq!(
            picture(&rows[..1], Scale::Ratio, "Ratios").rows,
            ["wine, epochs"]
        );
    }
}
