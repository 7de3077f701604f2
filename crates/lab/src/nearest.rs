//! The nearest of a list of names to one that is none of them.

/// The names, the fewest edits from `word` first.
pub(crate) fn by_distance(word: &str, names: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort_by_key(|name| strsim::levenshtein(word, name));
    names
}
