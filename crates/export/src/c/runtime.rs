//! The functions that headers are made of: C that is the same for every model, of which each has what it needs.

use std::collections::BTreeSet;

/// Sections of C. Each begins with its name and the names of those that it needs, which stand before it.
const ALL: &str = include_str!("runtime.h");

/// Which sections are needed.
#[derive(Debug, Default)]
pub(crate) struct Runtime {
    needed: BTreeSet<&'static str>,
}

impl Runtime {
    /// Adds a section with all that it needs.
    pub(crate) fn need(&mut self, name: &'static str) {
        let section = sections().find(|(words, _)| words.first() == Some(&name));
        debug_assert!(section.is_some(), "{name}");
        if self.needed.insert(name)
            && let Some((words, _)) = section
        {
            words[1..].iter().for_each(|word| self.need(word));
        }
    }

    /// The sections that are needed.
    pub(crate) fn text(&self) -> String {
        let needed = sections().filter(|(words, _)| self.needed.contains(words[0]));
        needed
            .map(|(_, text)| format!("\n{}\n", text.trim()))
            .collect()
    }
}

/// The words at the head of each section, and its text.
fn sections() -> impl Iterator<Item = (Vec<&'static str>, &'static str)> {
    let sections = ALL.split("/*! ").skip(1);
    sections.filter_map(|section| {
        let (head, text) = section.split_once("*/")?;
        Some((head.split_whitespace().collect(), text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_need_what_stands_before_them_and_nothing_else_is_called() {
        let mut before: BTreeSet<&str> = BTreeSet::new();
        for (words, text) in sections() {
            for needed in &words[1..] {
                assert!(before.contains(needed), "{} needs {needed}", words[0]);
            }
            before.insert(words[0]);
            let mut runtime = Runtime::default();
            runtime.need(words[0]);
            let whole = runtime.text();
            for call in text.split("P_").skip(1) {
                let name: String = call
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                let types = ["int", "float", "double", "void", "uint32_t", "uint64_t"];
                let is_defined = types
                    .iter()
                    .any(|of| whole.contains(&format!("static inline {of} P_{name}(")));
                assert!(is_defined, "{} calls P_{name}", words[0]);
            }
        }
        assert!(before.len() > 20);
    }
}
