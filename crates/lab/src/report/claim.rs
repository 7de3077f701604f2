//! The page of one claim: question, runs, pictures, effects and verdicts, what the literature says, and where this
//! machine's answer differs from it.

use std::collections::HashSet;

use super::content::{Block, Column, Figure, Group, Part, Section, Span, Table, Text, Tone, plain};
use super::correction::{Correction, corrected};
use super::literature::{Agreement, KNOWN, Known};
use super::table::grouped;
use super::{batches, curves, forest, memory, words};
use crate::Error;
use crate::results::{ClaimResult, Results};
use crate::statistics::{Direction, Verdict};

/// The pages: the known claims, tested or not, and then those of a user's own. With the experiments whose curves they show.
pub(super) fn pages(results: &Results) -> Result<(Vec<Section>, HashSet<&str>), Error> {
    let mut ids: Vec<&str> = KNOWN.iter().map(|known| known.id).collect();
    for claim in &results.claims {
        if !ids.contains(&claim.id.as_str()) {
            ids.push(&claim.id);
        }
    }
    let mut shown = HashSet::new();
    let pages = ids
        .iter()
        .enumerate()
        .map(|(number, id)| page(results, id, number, &mut shown));
    let pages = pages.collect::<Result<_, _>>()?;
    Ok((pages, shown))
}

/// The identifier of the page with a number, from 0: names of a user's own may hold anything.
fn identifier(number: usize) -> String {
    format!("claim-{}", number + 1)
}

/// The link to a claim's page.
fn link(results: &Results, id: &str) -> Span {
    let own = results
        .claims
        .iter()
        .map(|claim| claim.id.as_str())
        .filter(|id| Known::of(id).is_none());
    let own = own.fold(Vec::new(), |mut seen: Vec<&str>, id| {
        if !seen.contains(&id) {
            seen.push(id);
        }
        seen
    });
    let number = KNOWN.iter().position(|known| known.id == id).or_else(|| {
        own.iter()
            .position(|name| *name == id)
            .map(|at| at + KNOWN.len())
    });
    Span::Link(identifier(number.unwrap_or_default()), id.to_owned())
}

fn page<'a>(
    results: &'a Results,
    id: &str,
    number: usize,
    shown: &mut HashSet<&'a str>,
) -> Result<Section, Error> {
    let known = Known::of(id);
    let claims: Vec<&ClaimResult> = results
        .claims
        .iter()
        .filter(|claim| claim.id == id)
        .collect();
    let name = identifier(number);
    let mut blocks = Vec::new();
    let question = known
        .map(|known| known.question)
        .or_else(|| claims.first().map(|claim| claim.claim.as_str()));
    blocks.push(Block::Paragraph(
        Tone::Plain,
        vec![
            Span::Strong(question.unwrap_or_default().to_owned()),
            Span::Plain(" ".into()),
            Span::Code(id.to_owned()),
        ],
    ));
    if claims.is_empty() {
        blocks.extend(Block::words(
            Tone::Note,
            "This claim was not tested in this call of the program.",
        ));
    } else {
        blocks.push(Block::Paragraph(Tone::Plain, ran(results, &claims)));
        blocks.extend(Block::words(Tone::Plain, words::tally(&claims)));
        let corrected = Correction::new(&claims).sentence();
        blocks.extend(Block::words(Tone::Plain, corrected.unwrap_or_default()));
    }
    blocks.extend(left_out(results, id));
    blocks.extend(pictures(results, id, &claims, &name, shown)?);
    if !claims.is_empty() {
        blocks.extend(Block::figure(forest::figure(&claims, &name)?));
        blocks.push(Block::Heading("Effects and verdicts".into()));
        blocks.push(Block::Table(table(&claims, false, |_| Vec::new())));
        let sentences: Vec<Text> = claims
            .iter()
            .filter(|claim| !claim.statement.is_empty())
            .map(|claim| vec![Span::Plain(format!("{} ", claim.statement)), verdict(claim)])
            .collect();
        blocks.push(Block::Folded(
            "The same in sentences".into(),
            vec![Block::List(sentences)],
        ));
    }
    if let Some(known) = known {
        blocks.extend(literature(known, &claims));
    }
    let title = known.map_or_else(|| id.to_owned(), |known| known.title.to_owned());
    Ok(Section {
        id: name,
        title: format!("{}. {title}", number + 1),
        part: Part::Claims,
        blocks,
    })
}

/// Which experiments stand behind a page.
fn ran(results: &Results, claims: &[&ClaimResult]) -> Text {
    let mut text = plain("What was run: ");
    let experiments = super::section::experiments(results);
    let mut any = false;
    for (index, note) in experiments.iter().enumerate() {
        if claims
            .iter()
            .any(|claim| claim.experiment == note.experiment)
        {
            if any {
                text.push(Span::Plain("; ".into()));
            }
            any = true;
            text.push(Span::Link(
                format!("experiment-{index}"),
                note.experiment.clone(),
            ));
            if !note.question.is_empty() {
                text.push(Span::Plain(format!(
                    " ({})",
                    note.question.trim_end_matches('.')
                )));
            }
        }
    }
    let most = claims
        .iter()
        .map(|claim| claim.pairs)
        .max()
        .unwrap_or_default();
    let least = claims
        .iter()
        .map(|claim| claim.pairs)
        .min()
        .unwrap_or_default();
    let pairs = if least == most {
        format!("{most}")
    } else {
        format!("{least} to {most}")
    };
    text.push(Span::Plain(format!(
        ", with {pairs} pairs of runs behind each effect."
    )));
    text
}

fn left_out(results: &Results, id: &str) -> Vec<Block> {
    results
        .omissions
        .iter()
        .filter(|omission| omission.claim.as_deref() == Some(id))
        .filter_map(|omission| Block::words(Tone::Small, format!("Left out: {}", omission.reason)))
        .collect()
}

/// What is drawn beside the effects. The curves of an experiment are drawn once, on the first page that they belong to.
fn pictures<'a>(
    results: &'a Results,
    id: &str,
    claims: &[&'a ClaimResult],
    name: &str,
    shown: &mut HashSet<&'a str>,
) -> Result<Vec<Block>, Error> {
    let mut experiments: Vec<&str> = Vec::new();
    for claim in claims {
        if !experiments.contains(&claim.experiment.as_str()) {
            experiments.push(&claim.experiment);
        }
    }
    let mut figures: Vec<Figure> = Vec::new();
    match id {
        "scale-mismatch-hurts" => figures.extend(super::landscape::contours(results, name)?),
        "centering-alone" => figures.extend(super::landscape::clouds(results, name)?),
        "full-batch-memory" => figures.push(memory::figure(results, name)?),
        _ => {}
    }
    for experiment in experiments {
        let quantities: &[batches::Quantity] = match id {
            "minibatch-is-faster" => &[batches::SECONDS, batches::SAMPLES],
            "minibatch-generalizes" => &[batches::TEST_LOSS],
            "same-destination" => &[batches::TRAINING_LOSS],
            "epochs-depend" => &[batches::BEST_EPOCH],
            _ => &[],
        };
        for (position, quantity) in quantities.iter().enumerate() {
            let name = format!(
                "{name}-{}-{position}",
                super::section::number(results, experiment)
            );
            figures.push(batches::figure(results, experiment, quantity, &name)?);
        }
        let wants_curves = matches!(
            id,
            "standardize-speeds-training" | "minibatch-is-faster" | "same-destination"
        );
        if wants_curves && shown.insert(experiment) {
            let name = format!(
                "{name}-{}-loss",
                super::section::number(results, experiment)
            );
            figures.extend(curves::figures(results, experiment, &name)?);
        }
    }
    Ok(figures.into_iter().filter_map(Block::figure).collect())
}

/// What the literature says, and where these answers differ from it.
fn literature(known: &Known, claims: &[&ClaimResult]) -> Vec<Block> {
    let says = known
        .says
        .iter()
        .map(|(text, source)| {
            vec![
                Span::Plain((*text).to_owned()),
                Span::Soft(format!(" ({source})")),
            ]
        })
        .collect();
    let mut blocks = vec![
        Block::Heading("What the literature says".into()),
        Block::List(says),
    ];
    if claims.is_empty() {
        return blocks;
    }
    blocks.push(Block::Heading("Where this machine's answer differs".into()));
    let (mut agree, mut open, mut nothing) = (0, 0, 0);
    let mut differing: Vec<Text> = Vec::new();
    for claim in &corrected(claims) {
        match known.agreement(claim) {
            Agreement::Agrees => agree += 1,
            Agreement::CannotTell => open += 1,
            Agreement::NothingExpected => nothing += 1,
            Agreement::Differs { expected, source } => differing.push(vec![
                Span::Plain(format!(
                    "{}, {}, {}: {} {}, ",
                    claim.dataset,
                    words::held_equal(&claim.budget),
                    claim.effect.unit,
                    words::estimate(&claim.effect),
                    words::interval(&claim.effect)
                )),
                verdict(claim),
                Span::Plain(format!("; {source} let expect {expected}.")),
            ]),
        }
    }
    let compared = agree + open + differing.len();
    let mut summary = if compared == 0 {
        "Nothing was published that these answers could be held against.".to_owned()
    } else {
        format!(
            "Of {compared} answer{} that can be held against the literature, {agree} agree{} with it, {} differ{} from it and {open} \
             cannot tell.",
            if compared == 1 { "" } else { "s" },
            words::third_person(agree),
            differing.len(),
            words::third_person(differing.len()),
        )
    };
    if compared > 0 && nothing > 0 {
        summary += &format!(" For {nothing} more, nothing was published that fits.");
    }
    blocks.extend(Block::words(Tone::Plain, summary));
    if !differing.is_empty() {
        blocks.push(Block::List(differing));
    }
    blocks
}

/// The claims with effects and verdicts, all of them, each linked to its page.
pub(super) fn overview(results: &Results) -> Result<Section, Error> {
    let mut blocks = Vec::new();
    if results.claims.is_empty() {
        blocks.extend(Block::words(Tone::Plain, "No claim was tested."));
    } else {
        blocks.push(Block::Paragraph(
            Tone::Plain,
            vec![
                Span::Plain(
                    "An effect is estimated from pairs of runs with the same seed. The verdict follows from its interval alone: ".into(),
                ),
                Span::Link("method".into(), "how".into()),
                Span::Plain(".".into()),
            ],
        ));
        let claims: Vec<&ClaimResult> = results.claims.iter().collect();
        let corrected = Correction::new(&claims).sentence();
        blocks.extend(Block::words(Tone::Plain, corrected.unwrap_or_default()));
        blocks.push(Block::Table(table(&claims, true, |claim| {
            vec![link(results, &claim.id)]
        })));
        blocks.push(Block::Heading("All effects".into()));
        blocks.extend(Block::figure(forest::figure(&claims, "all")?));
    }
    Ok(Section {
        id: "claims".into(),
        title: "The claims".into(),
        part: Part::Overview,
        blocks,
    })
}

/// The table of some claims; with their names, which `name` gives, or without.
fn table(claims: &[&ClaimResult], named: bool, name: impl Fn(&ClaimResult) -> Text) -> Table {
    let mut table = Table {
        label: "Claims with effect and verdict".into(),
        columns: vec![
            Column::text("data set"),
            Column::text("held equal"),
            Column::text("effect [interval]"),
            Column::text("verdict"),
            Column::number("pairs"),
        ],
        groups: Vec::new(),
    };
    let correction = Correction::new(claims);
    // One name may stand for several statements, each of which is to be read with its own numbers.
    for group in grouped(claims.iter().copied(), |claim| (&claim.id, &claim.claim)) {
        let mut heading = name(group[0]);
        if named {
            heading.push(Span::Plain(" ".into()));
        }
        heading.push(Span::Plain(group[0].claim.clone()));
        table.groups.push(Group {
            major: true,
            heading,
            rows: Vec::new(),
        });
        for claims in grouped(group, |claim| &claim.effect.unit) {
            table.groups.push(Group {
                major: false,
                heading: plain(claims[0].effect.unit.clone()),
                rows: claims
                    .iter()
                    .map(|claim| row(claim, correction.falls(claim)))
                    .collect(),
            });
        }
    }
    table
}

fn row(claim: &ClaimResult, falls: bool) -> Vec<Text> {
    let effect = &claim.effect;
    let mut size = vec![
        Span::Plain(format!("{} ", words::estimate(effect))),
        Span::Soft(words::interval(effect)),
    ];
    if let (Some(low), Some(high)) = (effect.bootstrap_low, effect.bootstrap_high) {
        size.push(Span::Small(format!(
            "bootstrap [{}, {}]",
            words::number(low),
            words::number(high)
        )));
    }
    let pairs = match claim.censored {
        0 => claim.pairs.to_string(),
        censored => format!("{} ({censored} cut off)", claim.pairs),
    };
    vec![
        plain(claim.dataset.clone()),
        plain(claim.budget.clone()),
        size,
        vec![verdict_marked(claim, falls)],
        plain(pairs),
    ]
}

pub(super) fn verdict(claim: &ClaimResult) -> Span {
    verdict_marked(claim, false)
}

/// The verdict, with a star where it falls when corrected for many answers.
fn verdict_marked(claim: &ClaimResult, falls: bool) -> Span {
    let remark = match claim.verdict {
        Verdict::Equivalent if claim.hypothesis.direction() == Direction::Same => ", as claimed",
        _ => "",
    };
    let star = if falls { " *" } else { "" };
    Span::Verdict(claim.verdict, format!("{remark}{star}"))
}
