//! Whether the colours can be told from what they lie on, in light, in dark and in print.
//!
//! WCAG 2.2: a line of a picture and the ring of the focus need 3:1 (1.4.11), text needs 4.5:1 (1.4.3).

use std::collections::{BTreeMap, BTreeSet};

use crate::picture::COLOUR_STYLE;

const STYLE: &str = include_str!("style.css");

/// What is drawn on: the page, and the cards on it.
const GROUNDS: [&str; 2] = ["paper", "card"];
/// The colours of text.
const TEXTS: [&str; 7] = ["ink", "soft", "link", "good", "bad", "even", "open"];
/// What is drawn paler than its colour: the small ticks of a forest plot.
const PALER: [(&str, f64); 1] = [("soft", 0.7)];

type Colour = [f64; 3];
type Colours = BTreeMap<String, Colour>;

/// The variables of each `:root`: light, dark, print.
fn schemes(css: &str) -> Vec<Colours> {
    let blocks = css.split(":root {").skip(1);
    let variables = |block: &str| {
        let inside = block.split('}').next().unwrap_or_default();
        let pairs = inside.split(';').filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("--")?.split_once(':')?;
            Some((name.to_owned(), colour(value.trim())?))
        });
        pairs.collect()
    };
    blocks.map(variables).collect()
}

/// `#0072b2` or `#fff`.
fn colour(text: &str) -> Option<Colour> {
    let digits = text.strip_prefix('#')?;
    let wide: String = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        6 => digits.to_owned(),
        _ => return None,
    };
    let part = |at: usize| u8::from_str_radix(wide.get(at..at + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?].map(|part| f64::from(part) / 255.0))
}

/// One colour drawn on another one with some opacity.
fn over(top: Colour, opacity: f64, ground: Colour) -> Colour {
    [0, 1, 2].map(|at| opacity * top[at] + (1.0 - opacity) * ground[at])
}

/// The contrast ratio of WCAG: (lighter + 0.05) / (darker + 0.05), of relative luminances.
fn contrast(one: Colour, other: Colour) -> f64 {
    let luminance = |colour: Colour| {
        let linear = colour.map(|part| match part {
            0.0..=0.04045 => part / 12.92,
            _ => ((part + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The variables that lines and the ring of the focus are drawn in. `halo` is there to look like the ground.
fn lines(css: &str) -> BTreeSet<&str> {
    let rules = css.split('}').filter(|rule| !rule.contains(".halo"));
    let properties = rules.flat_map(|rule| rule.split(['{', ';']));
    let drawn = properties.filter(|property| {
        let property = property.trim();
        property.starts_with("stroke:") || property.starts_with("outline:")
    });
    drawn
        .filter_map(|property| property.split("var(--").nth(1)?.split(')').next())
        .collect()
}

/// Every pair of colours that cannot be told apart well enough: `dark: rule on card has 2.1:1, of 3`.
fn faults(colours: &str, style: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let names = ["light", "dark", "print"];
    let drawn = &lines(colours) | &lines(style);
    for (scheme, name) in schemes(colours).iter().zip(names) {
        for ground in GROUNDS {
            let lines = drawn.iter().map(|line| (*line, 1.0, 3.0));
            let paler = PALER.iter().map(|(line, opacity)| (*line, *opacity, 3.0));
            let texts = TEXTS.iter().map(|text| (*text, 1.0, 4.5));
            for (top, opacity, least) in lines.chain(paler).chain(texts) {
                let found = scheme.get(top).zip(scheme.get(ground));
                let found =
                    found.map(|(top, ground)| contrast(over(*top, opacity, *ground), *ground));
                match found {
                    Some(found) if found >= least => {}
                    Some(found) => faults.push(format!(
                        "{name}: {top} on {ground} has {found:.1}:1, of {least}"
                    )),
                    None => faults.push(format!("{name}: there is no {top} or no {ground}")),
                }
            }
        }
    }
    faults
}

#[test]
fn every_line_and_every_text_can_be_seen() {
    assert_eq!(schemes(COLOUR_STYLE).len(), 3);
    let drawn = &lines(COLOUR_STYLE) | &lines(STYLE);
    for line in ["c0", "c6", "rule", "soft", "link"] {
        assert!(drawn.contains(line), "{line} in {drawn:?}");
    }
    let faults = faults(COLOUR_STYLE, STYLE);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_pale_line_is_found() {
    let pale = COLOUR_STYLE.replacen("--rule: #868c95", "--rule: #d5d9df", 1);
    assert_ne!(pale, COLOUR_STYLE);
    let found = faults(&pale, STYLE);
    assert_eq!(found[0], "light: rule on paper has 1.4:1, of 3");
    assert_eq!(found.len(), 2, "on the page and on cards: {found:?}");
}

#[test]
fn contrast_is_what_the_guideline_computes() {
    let grey = |value: &str| colour(value).expect("a colour");
    assert!((contrast(grey("#fff"), grey("#000000")) - 21.0).abs() < 1e-9);
    // The lightest grey with 4.5:1 on white, as it is widely listed.
    assert!((contrast(grey("#767676"), grey("#fff")) - 4.54).abs() < 0.005);
    assert_eq!(over(grey("#000"), 0.5, grey("#fff")), [0.5; 3]);
}
