//! The sections behind the claims: how to read them, on what data and how it was done, and how to do it again.

use crate::claim;
use crate::content::{Block, Section, Span, Table, Text, Tone, plain};
use crate::curves;
use crate::foretold;
use crate::picture::N_STYLES;
use crate::results::{DatasetNote, Environment, Omission, Replicated, Results, WayNote};
use crate::words;

/// All of them; one without content is left out.
pub(crate) fn sections(results: &Results) -> Vec<Section> {
    let method = results.design.method.iter();
    let method = method
        .filter_map(|text| Block::words(Tone::Plain, text.clone()))
        .collect();
    let all = [
        ("secondary", "All other answers", claim::secondary(results)),
        ("reading", "How to read this", reading(results)),
        ("replication", "Replication", replication(results)),
        (
            "foretold",
            "How well tables predict one another",
            foretold::blocks(results),
        ),
        ("tables", "The tables", tables(results)),
        ("ways", "The ways of training", ways(results)),
        ("method", "Method", method),
        ("omissions", "Left out", omissions(results)),
        (
            "environment",
            "Environment",
            environment(results).into_iter().collect(),
        ),
        ("repeat", "Run it again", repeat(&results.environment)),
    ];
    let full = all.into_iter().filter(|(.., blocks)| !blocks.is_empty());
    full.map(|(id, title, blocks)| Section {
        id: id.into(),
        title: title.into(),
        is_claim: false,
        blocks,
    })
    .collect()
}

/// The words of the report in plain words.
const READING: [(&str, &str); 9] = [
    (
        "Effect",
        "How two ways of training differ, as a ratio (1 is no difference) or a difference (0 is none). It is measured in pairs of \
         runs that share everything else.",
    ),
    (
        "Interval",
        "The 95\u{a0}% interval of an effect: made anew with other seeds and tables like these, it would contain the true mean in 95 \
         of 100 cases. A wide interval means that little is known.",
    ),
    (
        "yes",
        "The whole interval lies where the claim says, beyond its threshold. The threshold was fixed before the first run and is \
         listed as \u{201c}counts as a yes\u{201d}.",
    ),
    (
        "no",
        "The whole interval lies where the claim does not hold.",
    ),
    (
        "about the same",
        "The whole interval lies so near to no effect that the difference does not count.",
    ),
    (
        "cannot tell",
        "The interval leaves it open. More repetitions narrow it, as far as the tables agree; where the tables differ, only more \
         tables do.",
    ),
    (
        "At least",
        "Some runs never reached the target. Their factor is cut at a fixed horizon, so the true effect is this large or larger.",
    ),
    (
        "On a new table",
        "The mean says nothing of a single table. The prediction interval does: the effect on a table that was not used here lies \
         in it in 95 of 100 cases. Where the inputs' condition number, the rows or the features of a table say more than the mean, its page \
         says so.",
    ),
    (
        "p, corrected",
        "How likely a verdict as firm as this one would be by chance alone, multiplied up for the number of primary questions \
         (Holm 1979). Below 0.05, the chance of any wrong verdict among them is 5\u{a0}% at most.",
    ),
];

fn reading(results: &Results) -> Vec<Block> {
    let item = |(name, text): &(&str, &str)| -> Text {
        vec![
            Span::Strong(format!("{name}.")),
            Span::Plain(format!(" {text}")),
        ]
    };
    let mut items: Vec<Text> = READING.iter().map(item).collect();
    if results.tables.iter().any(|row| row.fragile) || results.ways.iter().any(|way| way.fragile) {
        items.push(item(&(
            "Fragile",
            "A final run diverged at the learning rate that tuning had chosen, or ended far above what tuning promised. The effect \
             on that table may say more about the rate than about the claim.",
        )));
    }
    vec![Block::List(items)]
}

fn replication(results: &Results) -> Vec<Block> {
    let Some(replication) = &results.replication else {
        return Vec::new();
    };
    let confirmed = replication
        .answers
        .iter()
        .filter(|answer| answer.confirmed)
        .count();
    let same = |claim: &str| {
        results
            .answers
            .iter()
            .any(|answer| answer.primary && answer.claim == claim && answer.same)
    };
    let title = |claim: &str| {
        let note = results.claims.iter().find(|note| note.id == claim);
        note.map_or_else(|| claim.to_owned(), |note| note.title.clone())
    };
    let row = |answer: &Replicated| -> Vec<Text> {
        let verdict = |verdict| vec![Span::Verdict(verdict, same(&answer.claim))];
        vec![
            plain(title(&answer.claim)),
            verdict(answer.before),
            verdict(answer.now),
            plain(if answer.confirmed {
                "confirmed"
            } else {
                "not confirmed"
            }),
        ]
    };
    let mut blocks = Vec::new();
    blocks.extend(Block::words(
        Tone::Plain,
        format!(
            "This run repeats {} (base seed {}) with base seed {}: {confirmed} of {} answers are confirmed. An answer is confirmed \
             where this run's estimate lies in the earlier interval and the verdicts do not contradict each other.",
            replication.of,
            replication.base_seed,
            results.base_seed,
            replication.answers.len()
        ),
    ));
    if !replication.same_design {
        blocks.extend(Block::words(
            Tone::Note,
            "Design, tables or program version differ between the two runs, so that differences may come from there.",
        ));
    }
    blocks.extend(Block::table(Table::new(
        "Answers in both runs",
        "claim|before|now|",
        replication.answers.iter().map(row).collect(),
    )));
    blocks
}

fn tables(results: &Results) -> Vec<Block> {
    let row = |note: &DatasetNote| -> Vec<Text> {
        let network = note
            .network
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("-");
        [
            note.table.clone(),
            words::count(note.n_samples),
            words::count(note.n_training_samples),
            words::count(note.n_features),
            note.target.clone(),
            words::number(note.deviation_ratio),
            if note.condition_number > 0.0 {
                words::number(note.condition_number)
            } else {
                // It is not written where it is infinite.
                "infinite".into()
            },
            network,
        ]
        .map(plain)
        .into()
    };
    let table = Table::new(
        "The tables",
        "table|#rows|#trained on|#features|target|#deviations|#condition|network",
        results.datasets.iter().map(row).collect(),
    );
    let source = |note: &DatasetNote| -> Text {
        vec![
            Span::Strong(format!("{}.", note.table)),
            Span::Plain(format!(" {} ", note.source)),
            Span::Code(note.fingerprint.clone()),
        ]
    };
    let sources: Vec<Text> = results.datasets.iter().map(source).collect();
    let Some(table) = Block::table(table) else {
        return Vec::new();
    };
    let explained = "Deviations: the largest feature's standard deviation over the smallest's. Condition: the condition number of the raw \
                     inputs' covariance. Both say how badly raw inputs are scaled.";
    let mut blocks = vec![table];
    blocks.extend(Block::words(Tone::Small, explained));
    blocks.push(Block::Folded(
        "Sources, with a hash of all samples".into(),
        vec![Block::List(sources)],
    ));
    blocks
}

fn ways(results: &Results) -> Vec<Block> {
    let row = |note: &WayNote| -> Vec<Text> {
        [
            note.table.clone(),
            note.way.clone(),
            note.scaling.clone(),
            note.batch_size.clone(),
            note.optimizer.clone(),
            rates(&note.rates),
            if note.fragile {
                "fragile".into()
            } else {
                String::new()
            },
            note.seconds_per_update
                .map(|s| format!("{} µs", words::number(s * 1e6)))
                .unwrap_or_default(),
        ]
        .map(plain)
        .into()
    };
    let table = Table::new(
        "The ways of training on each table",
        "table|way|inputs|batch|optimizer|#learning rate||#an update",
        results.ways.iter().map(row).collect(),
    );
    let Some(table) = Block::table(table) else {
        return Vec::new();
    };
    let mut blocks = vec![Block::Folded(
        "Ways and their learning rates, table by table".into(),
        vec![table],
    )];
    let names = words::distinct(results.ways.iter().map(|note| note.way.as_str()));
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    for (at, some) in names.chunks(N_STYLES).enumerate() {
        let figure = curves::usable_rates(results, some, &format!("ways-{at}"));
        blocks.extend(Block::figure(figure));
    }
    blocks.extend(Block::words(
        Tone::Small,
        "A learning rate is the median of those chosen in the repetitions, with the lowest and the highest.",
    ));
    blocks
}

/// The middle of the chosen rates, with their range: `0.1 (0.03 to 0.3)`.
fn rates(rates: &[f64]) -> String {
    let mut sorted: Vec<f64> = rates
        .iter()
        .copied()
        .filter(|rate| rate.is_finite())
        .collect();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted[..] {
        [] => String::new(),
        [low, .., high] if low < high => {
            let middle = sorted[sorted.len() / 2];
            format!(
                "{} ({} to {})",
                words::round_number(middle),
                words::round_number(low),
                words::round_number(high)
            )
        }
        [rate, ..] => words::round_number(rate),
    }
}

fn omissions(results: &Results) -> Vec<Block> {
    let item = |omission: &Omission| -> Text {
        let of = [&omission.claim, &omission.table].map(String::as_str);
        let of: Vec<&str> = of.into_iter().filter(|name| !name.is_empty()).collect();
        let mut text = Vec::new();
        if !of.is_empty() {
            text.push(Span::Strong(format!("{}: ", of.join(", "))));
        }
        text.push(Span::Plain(omission.reason.clone()));
        text
    };
    match results.omissions.is_empty() {
        true => Vec::new(),
        false => vec![Block::List(results.omissions.iter().map(item).collect())],
    }
}

fn environment(results: &Results) -> Option<Block> {
    let Environment {
        processor,
        cores,
        workers,
        os,
        revision,
        ..
    } = &results.environment;
    let Environment {
        versions,
        started_unix_seconds,
        elapsed_seconds,
        ..
    } = &results.environment;
    let design = &results.design;
    let some = |number: usize| {
        if number > 0 {
            words::count(number)
        } else {
            String::new()
        }
    };
    let versions = versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"));
    let started = if *started_unix_seconds > 0 {
        words::moment(*started_unix_seconds)
    } else {
        String::new()
    };
    let took = if *elapsed_seconds > 0.0 {
        words::duration(*elapsed_seconds)
    } else {
        String::new()
    };
    Block::facts([
        (
            "Design",
            [design.name.as_str(), design.size.as_str()]
                .join(" ")
                .trim()
                .to_owned(),
        ),
        ("Hash of the design", results.design_hash.clone()),
        ("Base seed", results.base_seed.to_string()),
        ("Processor", processor.clone()),
        ("Logical processors", some(*cores)),
        ("Trainings side by side", some(*workers)),
        ("System", os.clone()),
        ("Revision of the sources", revision.clone()),
        ("Versions", versions.collect::<Vec<_>>().join(", ")),
        ("Started", started),
        ("Took", took),
    ])
}

fn repeat(environment: &Environment) -> Vec<Block> {
    let command = match environment.command.as_str() {
        "" => "cargo xtask experiment",
        command => command,
    };
    vec![
        Block::Paragraph(Tone::Plain, plain("Check out the revision above and run")),
        Block::Command(command.to_owned()),
        Block::Paragraph(
            Tone::Plain,
            plain(
                "Numbers that are counted come out the same. Those in seconds depend on the machine. Another base seed makes a \
                 replication: everything is drawn anew.",
            ),
        ),
    ]
}
