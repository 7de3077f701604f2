//! The paths in a source file that begin at the crate's root: what a module names outside itself.
//!
//! `crate::a::B` begins there, and so does `super::a::B` where as many `super` stand as modules lie between. A group is a path for
//! each of its entries; what `as` calls a thing stands last. Comments, texts and what is compiled for tests alone do not count.

/// All paths of a file that begin at the root, without the words that lead there. The file is `depth` modules below the root.
pub(crate) fn from_root(text: &str, depth: usize) -> Vec<Vec<&str>> {
    let tokens = outside_tests(&tokens(text));
    let (mut found, mut at) = (Vec::new(), 0);
    // How many braces are open, and at which of them modules within the file began.
    let (mut open, mut inner) = (0, Vec::new());
    while at < tokens.len() {
        match tokens[at] {
            "{" => {
                open += 1;
                if at >= 2 && tokens[at - 2] == "mod" {
                    inner.push(open);
                }
            }
            "}" => {
                if inner.last() == Some(&open) {
                    inner.pop();
                }
                open -= 1;
            }
            "crate" | "super" | "self" => {
                let (paths, end) = tree(&tokens, at);
                let level = depth + inner.len();
                found.extend(paths.into_iter().filter_map(|path| at_root(path, level)));
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// What the root itself uses, by paths that begin at the root.
pub(crate) fn used_by_root(text: &str) -> Vec<Vec<&str>> {
    let tokens = outside_tests(&tokens(text));
    let uses = (0..tokens.len()).filter(|&at| tokens[at] == "use");
    let paths = uses.flat_map(|at| tree(&tokens, at + 1).0);
    paths
        .map(|path| {
            let begins = path
                .iter()
                .position(|name| !matches!(*name, "crate" | "self"));
            path[begins.unwrap_or(path.len())..].to_vec()
        })
        .collect()
}

/// The rest of a path that begins at the root; `None` where it does not, or ends there.
fn at_root(path: Vec<&str>, level: usize) -> Option<Vec<&str>> {
    let path: Vec<&str> = path.into_iter().filter(|name| *name != "self").collect();
    let ups = path.iter().take_while(|name| **name == "super").count();
    let rest = match path.first() {
        Some(&"crate") => &path[1..],
        _ if ups == level => &path[ups..],
        _ => return None,
    };
    (!rest.is_empty()).then(|| rest.to_vec())
}

/// The paths that a name and what follows it make, and where they end.
fn tree<'t>(tokens: &[&'t str], mut at: usize) -> (Vec<Vec<&'t str>>, usize) {
    let word = |at: usize| tokens.get(at).copied().filter(|token| is_name(token));
    let mut path = Vec::new();
    loop {
        match tokens.get(at).copied() {
            Some("{") => {
                let mut paths = Vec::new();
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    let (entries, end) = tree(tokens, at);
                    paths.extend(entries.into_iter().map(|end| [&path[..], &end].concat()));
                    // The comma, or whatever it is that does not belong to a path.
                    at = if tokens.get(end) == Some(&"}") {
                        end
                    } else {
                        end + 1
                    };
                }
                return (paths, at + 1);
            }
            Some(token) if is_name(token) || token == "*" => path.push(token),
            _ => return (vec![path], at),
        }
        at += 1;
        if tokens.get(at) == Some(&"as")
            && let Some(name) = word(at + 1)
        {
            path.push(name);
            return (vec![path], at + 2);
        }
        let goes_on = tokens.get(at) == Some(&"::")
            && (word(at + 1).is_some() || matches!(tokens.get(at + 1), Some(&"{" | &"*")));
        if !goes_on {
            return (vec![path], at);
        }
        at += 1;
    }
}

/// Without the items that are compiled for tests alone.
fn outside_tests<'t>(tokens: &[&'t str]) -> Vec<&'t str> {
    const FOR_TESTS: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at..].starts_with(&FOR_TESTS) {
            at = end_of_item(tokens, at + FOR_TESTS.len());
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// Behind the semicolon or the closing brace of the item that begins here, perhaps with more attributes.
fn end_of_item(tokens: &[&str], begin: usize) -> usize {
    let mut open = 0_usize;
    for (at, &token) in tokens.iter().enumerate().skip(begin) {
        match token {
            "{" | "(" | "[" => open += 1,
            "}" | ")" | "]" => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 && matches!(token, ";" | "}") {
            return at + 1;
        }
    }
    tokens.len()
}

fn is_name(token: &str) -> bool {
    token.starts_with(of_a_name)
}

fn of_a_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The names and marks of a source, without comments, texts and letters.
fn tokens(text: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let passed_over = comment(rest)
            .or_else(|| raw_text(rest))
            .or_else(|| quoted(rest));
        let length = match passed_over {
            Some(length) => length,
            None if of_a_name(first) => {
                let length = rest.find(|letter| !of_a_name(letter)).unwrap_or(rest.len());
                found.push(&rest[..length]);
                length
            }
            None if rest.starts_with("::") => {
                found.push("::");
                2
            }
            None => {
                let length = first.len_utf8();
                if !first.is_whitespace() {
                    found.push(&rest[..length]);
                }
                length
            }
        };
        rest = &rest[length..];
    }
    found
}

/// The length of the comment that begins here.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.strip_prefix("/*")
        .map(|rest| rest.find("*/").map_or(text.len(), |end| end + 4))
}

/// The length of the text without escapes that begins here: `r"…"`, `br#"…"#`.
fn raw_text(text: &str) -> Option<usize> {
    let prefix = text
        .find('r')
        .filter(|&at| at == 0 || matches!(&text[..at], "b" | "c"))?;
    let marks = &text[prefix + 1..];
    let n_marks = marks.len() - marks.trim_start_matches('#').len();
    let inside = marks[n_marks..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(n_marks));
    let end = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(text.len() - inside.len() + end)
}

/// The length of the text, the letter or the lifetime that begins here.
fn quoted(text: &str) -> Option<usize> {
    let quote = text
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))?;
    let mut letters = text.char_indices().skip(1).peekable();
    if quote == '\'' {
        let (first, second) = (text.chars().nth(1)?, text.chars().nth(2));
        if first != '\\' && second != Some('\'') {
            return Some(
                1 + text[1..]
                    .find(|letter| !of_a_name(letter))
                    .unwrap_or(text.len() - 1),
            );
        }
    }
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return Some(at + 1);
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, depth: usize) -> Vec<String> {
        let paths = from_root(text, depth);
        paths.into_iter().map(|path| path.join(" ")).collect()
    }

    #[test]
    fn groups_are_a_path_for_each_entry() {
        assert_eq!(
            shown("use crate::{A, b::{c, D as E}, f::*};\n", 1),
            ["A", "b c", "b D E", "f *"]
        );
        assert_eq!(
            shown(
                "fn f(x: &crate::A) -> super::b::C<u8> { crate::d::e::<u8>(x) }",
                1
            ),
            ["A", "b C", "d e"]
        );
        assert_eq!(shown("pub(crate) fn f() { self::g() }", 1), [""; 0]);
    }

    #[test]
    fn super_leads_to_the_root_from_where_it_stands() {
        let text = "use super::{a, super::b::{self, C}};";
        assert_eq!(shown(text, 1), ["a"]);
        assert_eq!(shown(text, 2), ["b", "b C"]);
        let text = "mod inner { fn f() { super::own() } use super::super::a; }\nuse super::b;";
        assert_eq!(shown(text, 1), ["a", "b"]);
    }

    #[test]
    fn comments_texts_and_tests_do_not_count() {
        let text = r###"
            /* crate::a */ // crate::b
            const C: (char, &str) = ('{', "\" crate::c");
            const D: &str = r#"" crate::d"#;
            #[cfg(test)]
            #[allow(unused)]
            mod tests { use crate::e; fn f() { let [a] = [1]; } }
            #[cfg(test)]
            use crate::f;
            fn g<'a>(x: &'a str) { x.find('\'').map(|_| crate::g) }
        "###;
        assert_eq!(shown(text, 1), ["g"]);
    }

    #[test]
    fn the_root_uses_under_the_last_name() {
        assert_eq!(
            used_by_root("mod a;\npub use a::{B, c::D as E};\nuse self::f::G;\n"),
            [vec!["a", "B"], vec!["a", "c", "D", "E"], vec!["f", "G"]]
        );
    }
}
