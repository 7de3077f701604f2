//! Which verb or claim a misspelt word meant.

use smallbatch::lab;

/// The verbs, each with its other name.
pub(crate) const VERBS: [&str; 17] = [
    "run",
    "experiment",
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
    "completions",
];

/// There is no such verb; which one was meant, or which claim.
pub(crate) fn no_verb(word: &str) -> String {
    let meant = match (verb_like(word), lab::claim_like(word)) {
        (Some(verb), _) => format!("did you mean `smallbatch {verb}`?"),
        (None, Some(claim)) => format!("did you mean the claim: `smallbatch run {claim}`?"),
        (None, None) => "`smallbatch --help` lists the verbs".into(),
    };
    format!("there is no verb {word:?}; {meant}")
}

/// There is no such verb below `sweep`.
pub(crate) fn no_verb_of_a_sweep(word: &str) -> String {
    format!("there is no verb {word:?} of sweep; `smallbatch sweep --help` lists them")
}

/// The verb whose name is like a word: at most a third of its letters differ.
pub(crate) fn verb_like(word: &str) -> Option<&'static str> {
    let far = |name: &str| strsim::damerau_levenshtein(word, name);
    let nearest = VERBS.into_iter().min_by_key(|name| far(name))?;
    (far(nearest) <= nearest.len().div_ceil(3)).then_some(nearest)
}
