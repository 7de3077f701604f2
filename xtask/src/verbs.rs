//! The list of verbs, and the nearest one to a word that is none.

/// What this program can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Build the program in release mode and run this verb of it.
    Program(&'static str),
    /// Run the criterion benches, or compare with other frameworks.
    Bench,
    /// Run the checks that are not tests.
    Ci,
    /// Check that a results.json answers the claims it must answer.
    CheckAnswers,
    /// Repeat the quick experiment with many base seeds, and say how often its intervals hold.
    Coverage,
    /// Have a Dask cluster compute what one machine does.
    Dask,
    /// Take the results of a thorough run into the sources.
    Keep,
    /// Look at a report in a browser.
    Look,
    /// Run the checks that take long.
    Nightly,
    /// Have onnxruntime predict what exported models do.
    Onnx,
    /// Run exported models on other machines.
    Portable,
    /// Check what a release would bring with it.
    Supply,
}

const VERBS: [(Verb, &str, &str, &str); 12] = [
    (
        Verb::Program("experiment"),
        "experiment",
        "experiment [ARGS…]",
        "build `smallbatch` in release mode and run its experiments: `smallbatch run ARGS…`; try --help",
    ),
    (
        Verb::Bench,
        "bench",
        "bench [CARGO ARGS…] [-- ARGS…] | bench --peers [ARGS…] | bench --sweep [ARGS…] | bench --accuracy [ARGS…]",
        "run the criterion benches; `bench -- --quick` takes minutes, `bench --bench scaler` one subject; with --peers \
         compare speed with other frameworks, with --sweep that of many small trainings with JAX's vmap, with --accuracy what `advise` predicts with scikit-learn; all know --help",
    ),
    (
        Verb::Ci,
        "ci",
        "ci",
        "formatting, clippy, docs, who may import whom, tidiness; all steps run, failures are named",
    ),
    (
        Verb::CheckAnswers,
        "check-answers",
        "check-answers DIR",
        "check that DIR/results.json answers the ten claims, each over at least two tables",
    ),
    (
        Verb::Coverage,
        "coverage",
        "coverage [RUNS] [ARGS…]",
        "repeat the quick experiment whole with RUNS (20) base seeds, into out/coverage, and say how often an interval \
         contains what the other runs found; goes on where it was stopped",
    ),
    (
        Verb::Dask,
        "dask",
        "dask",
        "have deploy/dask/sweep.py compute a small run on a Dask scheduler and two workers, one of which is killed, and compare it with a run of one \
         process, bit for bit",
    ),
    (
        Verb::Keep,
        "keep",
        "keep DIR",
        "take DIR/results.json of a thorough run into the sources: what predictions for a new table rest on",
    ),
    (
        Verb::Look,
        "look",
        "look [DIR] [--to FOLDER] | look --terminal FILE [--to FOLDER]",
        "take pictures of DIR/report.html (desk, phone, dark, print), run axe-core over it and measure it, in a headless \
         Chromium; or draw what a program printed as SVG",
    ),
    (
        Verb::Nightly,
        "nightly",
        "nightly [CHECK[=FIGURE]…]",
        "run the checks that take long, or those that are named: kills=500 (real processes killed at random moments, and resumed to the \
         same bits), onnx=2000 (exported models in onnxruntime), miri=16 (orders of a step's threads), trainings=10000 (in one process, with flat memory), table=10000000 (rows, trained on in \
         bounded memory), steps=60 (minutes of one training with flat memory and speed)",
    ),
    (
        Verb::Onnx,
        "onnx",
        "onnx [COUNT]",
        "export COUNT (200) random models to ONNX, check the files with onnx.checker, and compare what onnxruntime predicts",
    ),
    (
        Verb::Portable,
        "portable",
        "portable [PART…]",
        "compile exported models without a standard library, for wasm32 (run in headless Chromium) and for a Cortex-M4 (run under \
         qemu), and compare the bits of what they predict; run the commands of docs/production.md; skips what needs a tool that is missing; knows --help",
    ),
    (
        Verb::Supply,
        "supply",
        "supply [STEP…] [--verify]",
        "check what a release would bring with it: licences and sources of dependencies, dependencies that no code uses, what is in each \
         package and in the program, semantic versions; names the tools that are missing; knows --help",
    ),
];

/// Verbs of the program, passed on to it.
const PASSED_ON: [&str; 15] = [
    "run",
    "verify",
    "replicate",
    "print",
    "report",
    "sweep",
    "expect",
    "advise",
    "train",
    "predict",
    "evaluate",
    "inspect",
    "export",
    "data",
    "fsck",
];

/// The verb of that name, or a sentence that says which one was probably meant.
pub(crate) fn parse(word: &str) -> Result<Verb, String> {
    if let Some((verb, ..)) = VERBS.iter().find(|(_, name, ..)| *name == word) {
        return Ok(*verb);
    }
    if let Some(verb) = PASSED_ON.iter().find(|name| **name == word) {
        return Ok(Verb::Program(verb));
    }
    let nearest = VERBS
        .iter()
        .map(|(_, name, ..)| name)
        .chain(&PASSED_ON)
        .map(|name| (strsim::levenshtein(word, name), *name))
        .min()
        .filter(|(distance, name)| *distance <= name.len() / 2);
    Err(match nearest {
        Some((_, name)) => format!("xtask: there is no verb `{word}`; did you mean `{name}`?"),
        None => format!("xtask: there is no verb `{word}`."),
    })
}

/// The list of verbs, one line each.
pub(crate) fn help() -> String {
    let mut text = String::from("usage: cargo xtask VERB [ARGS…]\n");
    for (_, _, usage, what) in VERBS {
        text.push_str(&format!("\n  {usage}\n      {what}"));
    }
    let program = PASSED_ON.join(" | ");
    text.push_str(&format!(
        "\n  {program}  [ARGS…]\n      the same verbs of `smallbatch`, built in release mode; try --help"
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_known_by_its_name_and_listed() {
        for (verb, name, usage, _) in VERBS {
            assert_eq!(parse(name), Ok(verb));
            assert!(help().contains(usage));
        }
        for name in PASSED_ON {
            assert_eq!(parse(name), Ok(Verb::Program(name)));
            assert!(help().contains(name));
        }
    }

    #[test]
    fn a_slip_of_the_finger_names_the_nearest_verb() {
        for (typed, meant) in [
            ("experiments", "experiment"),
            ("exeriment", "experiment"),
            ("bnech", "bench"),
            ("cii", "ci"),
            ("verfiy", "verify"),
        ] {
            let message = parse(typed).unwrap_err();
            assert!(
                message.contains(&format!("did you mean `{meant}`")),
                "{message}"
            );
        }
    }

    #[test]
    fn a_word_far_from_every_verb_gets_no_guess() {
        let message = parse("deploy-to-production").unwrap_err();
        assert!(
            message.contains("`deploy-to-production`") && !message.contains("did you mean"),
            "{message}"
        );
    }
}
