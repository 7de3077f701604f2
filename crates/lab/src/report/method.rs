//! The end of the report: how it was done, on what machine, and how to do it again.

use super::content::{Block, Section, Span, Tone};
use super::document::{background, paragraph};
use super::words;
use crate::results::{Environment, Results};

/// The protocol in words.
pub(super) fn method(results: &Results) -> Section {
    let confidence = results
        .claims
        .first()
        .map_or(0.95, |claim| claim.effect.confidence);
    let confidence = format!(
        "Intervals are made to cover the true effect in {} of 100 repetitions, each on its own; with many claims, a few will miss.",
        words::number(100.0 * confidence).trim_end_matches(".0")
    );
    let item = |(name, text): (&str, &str)| {
        vec![
            Span::Strong(format!("{name}.")),
            Span::Plain(format!(" {text}")),
        ]
    };
    let items = METHOD
        .into_iter()
        .chain([("Confidence", confidence.as_str())])
        .map(item)
        .collect();
    background("method", "Method", vec![Block::List(items)])
}

/// The protocol, which is the same for all experiments.
const METHOD: [(&str, &str); 8] = [
    (
        "Arms and pairs",
        "The arms of an experiment differ in one thing. The same seed gives every arm the same split, \
         the same initial parameters and, where batch sizes agree, the same order of samples. Effects are \
         computed within such pairs.",
    ),
    (
        "What the seeds vary",
        "Each seed splits the same table anew, so the runs share their samples. The intervals tell how much an effect \
         varies with split, initial parameters and order on this table, not how it would be on another table, or on \
         samples that this one lacks. Other tables are what the other rows are for.",
    ),
    (
        "Learning rates",
        "Each arm has its own, for each budget, from a logarithmic grid, by the median validation loss, with seeds \
         that the compared runs do not use. A grid whose best rate lies at its edge grows; where no rate learns, \
         all of the range up to a rate of 100 is tried. What is still at an edge, or did not learn, is named under the \
         pictures of the rates. Rates race: one is given up when it diverges, or when more than half of its runs are worse than \
         the best median so far, since then it cannot be chosen any more; the choice is that of trying all on every seed.",
    ),
    (
        "Budgets",
        "Arms are compared with equal epochs, updates or seconds, since a ranking can turn round between \
         them. Seconds are those of training alone, from runs that take turns.",
    ),
    (
        "Intervals",
        "Student's t of the paired differences, or of the logarithms of the paired ratios. Verdicts rest on it. Pairs that \
         all agree have no spread, but give no certainty: the interval is then as wide as the measure is coarse (one \
         answer more or less among the test samples), or open where that is not known. In small print is the bootstrap \
         interval (bias-corrected and accelerated), which assumes no distribution, and is too narrow for few pairs.",
    ),
    (
        "Runs that did not get there",
        "Those that had not reached the target when they were stopped count as \u{201c}at least\u{201d} what they had used by \
         then. Those that diverged, or ended with a training loss above that of the best constant prediction, have learned \
         nothing: their training loss counts as \u{201c}at least\u{201d} that of the constant. The test loss and the test error \
         of those that diverged count as at least the constant's too. They open one end of the interval, and are never \
         dropped. If both arms have such runs, the interval is that of the median, by order statistics, which takes six pairs; \
         if they have nothing else, nothing can be told.",
    ),
    (
        "Verdicts",
        "Supported: the whole interval lies on the claim's side of no effect. Refuted: on the other side. \
         Equivalent: inside a margin, set beforehand, of effects too small to count. Otherwise \
         inconclusive, with the number of further seeds that would settle it with a probability of \
         about 80\u{a0}%.",
    ),
    (
        "Many answers",
        "A claim is asked on several data sets and under several budgets, and of many true negatives some would come out \
         wrong by chance. A verdict's p-value is 1 minus the highest confidence at which its interval still gives it; Holm's \
         method (1979) adjusts them over all answers to one claim. Verdicts whose adjusted p-value is above 0.05 are marked with \
         a star: with the others, the probability of any wrong verdict on that claim is 5\u{a0}% at most.",
    ),
];

/// The machine, the build and the seeds.
pub(super) fn environment(environment: &Environment) -> Section {
    let mut rows = vec![
        ("Processor", environment.processor.clone()),
        ("Logical processors", environment.cores.to_string()),
        ("Threads of a run", environment.threads.to_string()),
        ("Runs side by side, untimed", workers(environment)),
        ("System", environment.os.clone()),
        (
            "Revision of the sources when this ran",
            environment.revision.clone(),
        ),
        ("Seeds", seeds(&environment.seeds)),
        ("Seeds of tuning", seeds(&environment.tuning_seeds)),
    ];
    if environment.started_unix_seconds > 0 {
        rows.push(("Started", words::moment(environment.started_unix_seconds)));
    }
    if environment.elapsed_seconds > 0.0 {
        rows.push(("Took", words::duration(environment.elapsed_seconds)));
    }
    let versions: Vec<String> = environment
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    rows.push(("Versions", versions.join(", ")));
    let facts = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    background("environment", "Environment", vec![Block::Facts(facts)])
}

/// How many; nothing for results that do not say.
fn workers(environment: &Environment) -> String {
    match environment.workers {
        0 => String::new(),
        workers => workers.to_string(),
    }
}

/// `1 to 5` for neighbours, `1, 5, 9` for others.
fn seeds(seeds: &[u64]) -> String {
    match seeds {
        [first, .., last]
            if seeds
                .windows(2)
                .all(|pair| pair[0].checked_add(1) == Some(pair[1])) =>
        {
            format!("{first} to {last}")
        }
        _ => seeds
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// The command.
pub(super) fn repeat(environment: &Environment) -> Section {
    let command = if environment.command.is_empty() {
        "cargo xtask experiment"
    } else {
        &environment.command
    };
    let code = |text: &str| Span::Code(text.into());
    let words = |text: &str| Span::Plain(text.into());
    let blocks = vec![
        paragraph("Check out the revision above and run"),
        Block::Command(command.to_owned()),
        Block::Paragraph(
            Tone::Plain,
            vec![
                words(
                    "The same seeds, processor and threads give the same losses to the last bit, except where seconds are the budget: \
                     times differ from run to run. ",
                ),
                code("runs.csv"),
                words(" has a row for each run, "),
                code("results.json"),
                words(
                    " everything on this page, which can be drawn again from it, without running anything:",
                ),
            ],
        ),
        Block::Command("smallbatch report DIR".into()),
    ];
    background("repeat", "How to repeat it", blocks)
}
