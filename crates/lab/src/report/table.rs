//! The claims as a table of text, at most 100 columns wide.

use super::correction::Correction;
use super::words;
use crate::results::{ClaimResult, Results};

/// The widest line of the table, in characters.
const COLUMNS: usize = 100;
/// Widths of the columns: data set, budget, effect with interval, verdict. The first holds two data sets that are compared.
const WIDTHS: [usize; 4] = [24, 11, 30, 28];

/// The claims with their verdicts as plain text, grouped by claim, in lines of at most 100
/// characters.
///
/// It opens with the answer in three sentences. There is no colour in it; everything is said in
/// words. Ends with a line break.
///
/// # Example
///
/// ```
/// use smallbatch_lab::{report::terminal_table, results::Results};
///
/// assert!(terminal_table(&Results::default()).contains("No claim was tested."));
/// ```
pub fn terminal_table(results: &Results) -> String {
    let mut lines = Vec::new();
    for sentence in words::answer(results) {
        lines.extend(wrap(&sentence, COLUMNS));
    }
    if !results.claims.is_empty() {
        lines.push(String::new());
        lines.push(row(
            [
                "data set",
                "held equal",
                "effect [95 % interval]",
                "verdict",
            ],
            "pairs",
        ));
        lines.push("-".repeat(COLUMNS));
    }
    let claims: Vec<&ClaimResult> = results.claims.iter().collect();
    let correction = Correction::new(&claims);
    let groups = grouped(&results.claims, |claim| {
        (&claim.id, &claim.effect.unit, &claim.claim)
    });
    for claims in &groups {
        let first = claims[0];
        // Two experiments may ask the same in different circumstances: then each says which it is.
        let namesakes = groups.iter().filter(|group| {
            (&group[0].id, &group[0].effect.unit) == (&first.id, &first.effect.unit)
        });
        let experiment = if namesakes.count() > 1 {
            format!(", {}", first.experiment)
        } else {
            String::new()
        };
        let heading = format!("{}{experiment}: {}", first.id, first.effect.unit);
        lines.push(clip(&heading, COLUMNS));
        for claim in claims {
            let effect = format!(
                "{} {}",
                words::estimate(&claim.effect),
                words::interval(&claim.effect)
            );
            let star = if correction.falls(claim) { " *" } else { "" };
            let verdict = format!("{}{star}", words::verdict(&claim.verdict));
            lines.push(row(
                [&claim.dataset, &claim.budget, &effect, &verdict],
                &claim.pairs.to_string(),
            ));
        }
    }
    if let Some(sentence) = correction.sentence() {
        lines.push(String::new());
        lines.extend(wrap(&sentence, COLUMNS));
    }
    if !results.omissions.is_empty() {
        lines.push(String::new());
        lines.push("Left out:".into());
        for omission in &results.omissions {
            lines.extend(wrap(&omission.reason, COLUMNS));
        }
    }
    if results.environment.quick {
        lines.push(String::new());
        lines.extend(wrap(
            "This was the quick version: few seeds, small budgets. Leave out --quick for a firmer answer.",
            COLUMNS,
        ));
    }
    let mut text = lines
        .iter()
        .map(|line| line.trim_end())
        .collect::<Vec<_>>()
        .join("\n");
    text.push('\n');
    text
}

/// Claims with the same key together: keys in the order of their first appearance, and those that
/// share the key's beginning, the claim's name, next to each other.
pub(super) fn grouped<'a, K: PartialEq>(
    claims: impl IntoIterator<Item = &'a ClaimResult>,
    key: impl Fn(&'a ClaimResult) -> K,
) -> Vec<Vec<&'a ClaimResult>> {
    let mut groups: Vec<Vec<&ClaimResult>> = Vec::new();
    for claim in claims {
        if let Some(group) = groups.iter_mut().find(|group| key(group[0]) == key(claim)) {
            group.push(claim);
            continue;
        }
        let namesakes = groups.iter().rposition(|group| group[0].id == claim.id);
        groups.insert(namesakes.map_or(groups.len(), |last| last + 1), vec![claim]);
    }
    groups
}

fn row(cells: [&str; 4], last: &str) -> String {
    let mut line = String::from("  ");
    for (cell, width) in cells.into_iter().zip(WIDTHS) {
        let cell = clip(cell, width - 1);
        let gap = width - cell.chars().count();
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', gap));
    }
    clip(&format!("{line}{last}"), COLUMNS)
}

/// The text, or its beginning with an ellipsis when it is longer than `width` characters.
fn clip(text: &str, width: usize) -> String {
    // A line break in a name would break the table.
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().count() <= width {
        return text;
    }
    text.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_and_every_claim_is_there() {
        let mut results = crate::report::fixture::results();
        results.claims[0].dataset = "a data set with a name that nobody would give it".into();
        results.claims[0].effect.unit = "a unit, ".repeat(30);
        results.claims[1].dataset = "breast-cancer / airfoil".into();
        let table = terminal_table(&results);
        for line in table.lines() {
            assert!(line.chars().count() <= 100, "{line}");
            assert!(!line.chars().any(char::is_control), "{line}");
        }
        assert!(
            table.contains("  breast-cancer / airfoil "),
            "names of two data sets are whole"
        );
        for claim in &results.claims {
            assert!(table.contains(&format!("\n{}: ", claim.id)), "{}", claim.id);
        }
        assert!(
            table.contains("supported") && table.contains("inconclusive, +"),
            "{table}"
        );
        assert!(table.contains("…"));
    }

    #[test]
    fn what_two_experiments_ask_alike_is_told_apart_and_what_is_left_out_is_said() {
        use crate::results::{Omission, OmissionKind};
        let mut results = crate::report::fixture::results();
        let mut again = results.claims[0].clone();
        again.claim = "The same after long training.".into();
        again.experiment = "patience".into();
        results.claims.push(again);
        results.omissions.push(Omission {
            experiment: "batch-size".into(),
            dataset: "wine".into(),
            claim: None,
            kind: OmissionKind::Arm,
            reason: "batch 256 was not run on wine.".into(),
        });
        let table = terminal_table(&results);
        for heading in ["normalization: ratio", "patience: ratio"] {
            let heading = format!("\nstandardize-speeds-training, {heading} of updates");
            assert_eq!(table.matches(&heading).count(), 1, "{table}");
        }
        assert!(table.contains("\nLeft out:\nbatch 256 was not run on wine.\n"));
    }
}
