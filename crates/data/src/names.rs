//! Lists of names, and the nearest of them to a misspelt one.

use smallbatch_base::limits::MOST_COLUMNS;

use crate::Error;

/// `prefix0`, `prefix1`, ...
pub(crate) fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{prefix}{index}")).collect()
}

/// Refuses empty and repeated names; `what` says whose names they are.
pub(crate) fn check_names(what: &'static str, names: &[String]) -> Result<(), Error> {
    let mut seen = std::collections::HashSet::with_capacity(names.len());
    for (position, name) in names.iter().enumerate() {
        let problem = if name.is_empty() {
            "empty"
        } else if !seen.insert(name) {
            "a repetition"
        } else {
            continue;
        };
        return Err(Error::BadName {
            what,
            name: name.clone(),
            position,
            problem,
        });
    }
    Ok(())
}

/// Refuses a table of more columns than are read.
pub(crate) fn check_columns(line: u64, columns: usize) -> Result<(), Error> {
    if columns <= MOST_COLUMNS {
        return Ok(());
    }
    Err(Error::BadTable {
        line,
        problem: format!(
            "there are {columns} columns, and {MOST_COLUMNS} are the most that are read; leave out some"
        ),
    })
}

/// Refuses data whose columns have other names than those that a scaler was fitted to. Default names, on either side,
/// say nothing; `prefix` is that of the data's. Another number of columns is left to the scaler to refuse.
pub(crate) fn check_fitted_names(
    what: &'static str,
    prefix: &str,
    fitted: &[String],
    given: &[String],
) -> Result<(), Error> {
    let differs = fitted.iter().zip(given).position(|(a, b)| a != b);
    let default = |names: &[String], prefix: &str| *names == numbered(prefix, names.len());
    match differs {
        Some(position)
            if fitted.len() == given.len()
                && !default(given, prefix)
                && !default(fitted, prefix)
                && !default(fitted, "feature ") =>
        {
            Err(Error::OtherNames {
                what,
                position,
                fitted: fitted[position].clone(),
                given: given[position].clone(),
            })
        }
        _ => Ok(()),
    }
}

/// The candidate with the fewest edits from `name` (letter case ignored), if fewer than about a third of its letters
/// differ.
pub(crate) fn nearest<'a>(name: &str, candidates: &'a [String]) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(1);
    candidates
        .iter()
        .map(|candidate| {
            (
                edits(&wanted, &candidate.to_lowercase()),
                candidate.as_str(),
            )
        })
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: insertions, deletions and replacements of one character.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", ""), 3);
        assert_eq!(edits("same", "same"), 0);
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_near() {
        let names = ["price".to_string(), "area".to_string()];
        assert_eq!(nearest("Prise", &names), Some("price"));
        assert_eq!(nearest("quality", &names), None);
    }
}
