//! Text that no HTML or SVG takes for markup.

/// Replaces the five characters that mean something in HTML, in text and in attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Control characters are not allowed in HTML, however they are written.
            other if other.is_control() && other != '\n' && other != '\t' => safe.push('\u{FFFD}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_means_something_in_html_is_replaced() {
        assert_eq!(
            escape("<b a=\"x\" c='y'>&amp;</b>\u{0}"),
            "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;\u{FFFD}"
        );
    }
}
