//! What is known of each claim, and from whom: the texts of the report's pages, in one place.

use crate::results::ClaimResult;
use crate::statistics::Verdict;

/// One claim of the textbooks with what was written on it.
pub(super) struct Known {
    /// The claim's name.
    pub(super) id: &'static str,
    /// The heading of its page.
    pub(super) title: &'static str,
    /// What is asked.
    pub(super) question: &'static str,
    /// What the literature says, with its source.
    pub(super) says: &'static [(&'static str, &'static str)],
    /// What it lets one expect: the first that fits the budget counts. Where nothing fits, nothing was published that
    /// these runs could be held against.
    expects: &'static [Expectation],
}

/// What the literature lets one expect under some budgets.
struct Expectation {
    /// The budgets; empty for all.
    under: &'static [&'static str],
    outcome: Expected,
    source: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The claim holds.
    Holds,
    /// The opposite of the claim holds.
    Fails,
    /// There is no difference that counts.
    NoDifference,
}

/// How an answer compares with the literature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    Agrees,
    Differs {
        expected: &'static str,
        source: &'static str,
    },
    CannotTell,
    NothingExpected,
}

const LECUN: &str = "LeCun, Bottou, Orr & Müller 1998, \u{201c}Efficient BackProp\u{201d}";
const WILSON: &str = "Wilson & Martinez 2003";
const MASTERS: &str = "Masters & Luschi 2018";
const KESKAR: &str = "Keskar et al. 2017";
const HOFFER: &str = "Hoffer et al. 2017";
const SHALLUE: &str = "Shallue et al. 2019";
const MCCANDLISH: &str = "McCandlish et al. 2018";
const GORISHNIY: &str = "the tabular papers of Gorishniy et al.";

const fn always(outcome: Expected, source: &'static str) -> Expectation {
    Expectation {
        under: &[],
        outcome,
        source,
    }
}

/// The claims, in the order of the report.
pub(super) const KNOWN: [Known; 10] = [
    Known {
        id: "scale-mismatch-hurts",
        title: "Inputs of very different scale",
        question: "When one input is about 1,000,000 and another about 50, does training on raw inputs go badly?",
        says: &[(
            "For a linear unit with squared error the Hessian is the inputs' second moment. Descent diverges above the rate \
              2/λ_max, and its time grows with λ_max/λ_min: a large input sets the rate, and a small one then learns slowly.",
            LECUN,
        )],
        expects: &[always(Expected::Holds, LECUN)],
    },
    Known {
        id: "standardize-speeds-training",
        title: "Standardizing each feature",
        question: "Does subtracting the training mean and dividing by the training deviation, feature by feature, reach the same \
                   loss in fewer updates and less time?",
        says: &[
            (
                "The time of gradient descent grows with the condition number λ_max/λ_min of the inputs' second moment, which \
              standardizing brings down.",
                LECUN,
            ),
            (
                "Standardizing is not the last word on tables: centring by the median, dividing by the interquartile range and \
              squashing what is far out did better; against it, plain standardization raised the benchmark error by 2.1 % \
              (classification) and 8.7 % (regression).",
                "Holzmüller et al. 2024, RealMLP",
            ),
        ],
        expects: &[always(Expected::Holds, LECUN)],
    },
    Known {
        id: "across-features-does-not-help",
        title: "Normalizing over the features of one sample",
        question: "Does normalizing over the features of one sample give what normalizing each feature over the training set gives?",
        says: &[(
            "No measured number was found. What counts is the spread of the eigenvalues of the inputs' second moment. Scaling a \
              sample leaves the ratios between its features as they were, and with them most of that spread.",
            LECUN,
        )],
        expects: &[],
    },
    Known {
        id: "centering-alone",
        title: "Centring and scaling, one after the other",
        question: "Does subtracting the mean give part of the gain, and dividing by the deviation the rest?",
        says: &[(
            "A mean of the inputs that is not zero creates, alone, one very large eigenvalue; different variances spread the \
                  others.",
            LECUN,
        )],
        expects: &[always(Expected::Holds, LECUN)],
    },
    Known {
        id: "test-uses-train-statistics",
        title: "Whose mean and deviation for the test data",
        question: "Must the test data be scaled with the training part's mean and deviation? How bad are its own, over test batches \
                   of several sizes, and how much do statistics of all the data leak?",
        says: &[(
            "It is the practice of careful benchmarks: every transformation is fitted on the training part only. No published \
                  size of the damage was found to hold these runs against.",
            GORISHNIY,
        )],
        expects: &[],
    },
    Known {
        id: "minibatch-is-faster",
        title: "The time to a target, by batch size",
        question: "With batches of 16 to 32, does training reach the target loss in far less time than with the full batch?",
        says: &[
            (
                "Batch training is \u{201c}often orders of magnitude slower\u{201d}. They summed gradients, so that one learning rate for \
              all batch sizes handicapped the large ones; here gradients are means and each arm has its own rate.",
                WILSON,
            ),
            (
                "Of redundant samples the full batch makes useless work: with ten copies of each, ten times as much.",
                LECUN,
            ),
            (
                "Steps to a goal fall in proportion to the batch size, then level off.",
                SHALLUE,
            ),
            (
                "The samples to a target are E(B) = E_min (1 + B/B_crit): below the critical batch size they hardly grow, above it \
              in proportion to the batch.",
                MCCANDLISH,
            ),
        ],
        expects: &[
            // Fewer updates with larger batches, until they level off.
            Expectation {
                under: &["updates"],
                outcome: Expected::Fails,
                source: SHALLUE,
            },
            always(Expected::Holds, WILSON),
        ],
    },
    Known {
        id: "minibatch-generalizes",
        title: "The regularizing effect of mini-batches",
        question: "Do mini-batches reduce overfitting: under equal epochs, under equal updates, and with everything tuned?",
        says: &[
            (
                "At equal epochs the best results came with batches of 32 or fewer; small batches also have a wider range of usable \
              rates.",
                MASTERS,
            ),
            (
                "A fully connected network on MNIST with Adam: batches of 256 reach 98.03 ± 0.07 % on the test data, a tenth of the data \
              as one batch 97.81 ± 0.07 %; sharpness 1.23 against 205.",
                KESKAR,
            ),
            (
                "The gap comes from too few updates, and goes away when they are given.",
                HOFFER,
            ),
            (
                "With tuning for each batch size, no evidence that large batches generalize worse.",
                SHALLUE,
            ),
        ],
        expects: &[
            Expectation {
                under: &["epochs"],
                outcome: Expected::Holds,
                source: MASTERS,
            },
            Expectation {
                under: &["updates"],
                outcome: Expected::NoDifference,
                source: HOFFER,
            },
            Expectation {
                under: &["best epoch"],
                outcome: Expected::NoDifference,
                source: SHALLUE,
            },
        ],
    },
    Known {
        id: "same-destination",
        title: "Where training ends",
        question: "Do the full batch and mini-batches end at about the same loss?",
        says: &[
            (
                "\u{201c}No apparent difference in accuracy\u{201d} between batch and on-line training once both have arrived.",
                WILSON,
            ),
            (
                "What is left between them comes from too few updates. Under equal epochs the full batch has far fewer, so nothing is \
              expected of it there.",
                HOFFER,
            ),
        ],
        expects: &[Expectation {
            under: &["updates", "seconds"],
            outcome: Expected::Holds,
            source: WILSON,
        }],
    },
    Known {
        id: "full-batch-memory",
        title: "The memory of the full batch",
        question: "Does handling all samples as one lump make the memory grow with the data, and do mini-batches not?",
        says: &[(
            "No measurement was found to hold these runs against: it follows from the sizes of the activations, one column a \
                  sample. That a full batch can be summed up in chunks follows as well: the mean gradient is a mean of means.",
            "arithmetic",
        )],
        expects: &[],
    },
    Known {
        id: "epochs-depend",
        title: "How many epochs are right",
        question: "Does the right number of epochs depend on the data and on the batch size?",
        says: &[
            (
                "Samples to a target grow with the batch size, E = E_min (1 + B/B_crit), and B_crit differs from one set of data to \
              another: so do epochs, which are samples divided by the size of the data.",
                MCCANDLISH,
            ),
            (
                "Steps fall in proportion to the batch size, then level off: beyond that, larger batches need more epochs.",
                SHALLUE,
            ),
        ],
        expects: &[always(Expected::Holds, MCCANDLISH)],
    },
];

impl Known {
    /// The entry of a claim; `None` for one of a user's own.
    pub(super) fn of(id: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.id == id)
    }

    /// How an answer to this claim compares with what was expected under its budget.
    pub(super) fn agreement(&self, claim: &ClaimResult) -> Agreement {
        let fits = |expectation: &&Expectation| {
            expectation.under.is_empty() || expectation.under.contains(&claim.budget.as_str())
        };
        let Some(expectation) = self.expects.iter().find(fits) else {
            return Agreement::NothingExpected;
        };
        let agrees = match expectation.outcome {
            Expected::Holds => claim.holds(),
            Expected::Fails => match claim.verdict {
                Verdict::Inconclusive { .. } => None,
                verdict => Some(verdict == Verdict::Refuted),
            },
            Expected::NoDifference => match claim.verdict {
                Verdict::Inconclusive { .. } => None,
                verdict => Some(verdict == Verdict::Equivalent),
            },
        };
        match agrees {
            None => Agreement::CannotTell,
            Some(true) => Agreement::Agrees,
            Some(false) => Agreement::Differs {
                expected: match expectation.outcome {
                    Expected::Holds => "that the claim holds",
                    Expected::Fails => "the opposite of the claim",
                    Expected::NoDifference => "no difference that counts",
                },
                source: expectation.source,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_verdict_agrees_under_one_budget_and_differs_under_another() {
        let known = Known::of("minibatch-generalizes").expect("known");
        let mut claim = crate::report::fixture::results().claims.remove(0);
        claim.verdict = Verdict::Supported;
        claim.budget = "epochs".into();
        assert_eq!(known.agreement(&claim), Agreement::Agrees);
        claim.budget = "best epoch".into();
        assert!(matches!(
            known.agreement(&claim),
            Agreement::Differs {
                source: SHALLUE,
                ..
            }
        ));
        claim.verdict = Verdict::Equivalent;
        assert_eq!(known.agreement(&claim), Agreement::Agrees);
        claim.verdict = Verdict::Inconclusive { more_seeds: None };
        assert_eq!(known.agreement(&claim), Agreement::CannotTell);
        claim.budget = "seconds".into();
        assert_eq!(known.agreement(&claim), Agreement::NothingExpected);

        // Counted in updates, larger batches are expected to be ahead.
        let known = Known::of("minibatch-is-faster").expect("known");
        claim.verdict = Verdict::Refuted;
        claim.budget = "updates".into();
        assert_eq!(known.agreement(&claim), Agreement::Agrees);
        claim.budget = "epochs".into();
        assert!(matches!(
            known.agreement(&claim),
            Agreement::Differs { source: WILSON, .. }
        ));
    }
}
