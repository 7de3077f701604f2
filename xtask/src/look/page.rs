//! The pages that the browser is given: a frame of the wanted width around the report, and a copy of the report that measures itself.
//!
//! A window of a browser has a least width that is wider than a phone; a frame in it has none. To the report the frame is the
//! screen.

use crate::look::browser::Screen;

/// Where the frame writes what the report tells it: what is between these two is JSON.
const OPEN: &str = "<pre id=\"look\" hidden=\"\">";
const CLOSE: &str = "</pre>";

/// Measures the report and has axe-core look at it.
const MEASURE: &str = include_str!("measure.js");

/// A page that shows the report on a screen of this size, from `offset` pixels below the top of a report of `height` pixels.
pub(crate) fn frame(report: &str, screen: Screen, height: u32, offset: u32) -> String {
    let Screen { width, .. } = screen;
    let report = report.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>look</title>\n<style>html, body {{ margin: 0; overflow: hidden; background: #fff }} \
         iframe {{ border: 0; display: block; width: {width}px; height: {height}px; margin-top: -{offset}px }}</style>\n\
         {OPEN}{CLOSE}\n<script>\n{LISTEN}\n</script>\n<iframe title=\"the report\" src=\"{report}\"></iframe>\n"
    )
}

/// Writes what the frame tells into the page, so that it is in its source: as JSON without a character that HTML writes otherwise.
const LISTEN: &str = r"addEventListener('message', (event) => {
  if (!event.data || !event.data.look) return;
  const escaped = (letter) => '\\u' + letter.charCodeAt(0).toString(16).padStart(4, '0');
  document.getElementById('look').textContent = JSON.stringify(event.data.look).replace(/[<>&\u0080-\uffff]/g, escaped);
});";

/// A copy of the report that begins with axe-core and the script that measures.
pub(crate) fn measured(report: &str, axe: &str) -> String {
    // Before anything of the report, so that no policy of its own forbids it; a closing tag in the source would end the script.
    let script = |source: &str| {
        let source = source.replace("</script", "<\\/script");
        format!("<script>\n{source}\n</script>\n")
    };
    let at = report.find("<head>").map_or(0, |at| at + "<head>".len());
    let (before, after) = report.split_at(at);
    format!("{before}\n{}{}{after}", script(axe), script(MEASURE))
}

/// The JSON in the source of a frame's page; `None` where the report told nothing.
pub(crate) fn told(source: &str) -> Option<&str> {
    let (_, rest) = source.split_once(OPEN)?;
    let (json, _) = rest.split_once(CLOSE)?;
    Some(json).filter(|json| !json.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_has_the_width_of_the_screen_and_shows_the_part_asked_for() {
        let screen = Screen {
            width: 390,
            height: 844,
        };
        let page = frame("file:///a%20b/report.html?x=\"&", screen, 9000, 800);
        assert!(
            page.contains("width: 390px; height: 9000px; margin-top: -800px"),
            "{page}"
        );
        assert!(
            page.contains("src=\"file:///a%20b/report.html?x=&quot;&amp;\""),
            "{page}"
        );
        assert_eq!(told(&page), None);
    }

    #[test]
    fn the_copy_measures_before_anything_of_the_report_runs() {
        let copy = measured(
            "<!DOCTYPE html>\n<html><head><meta><body>all</body></html>",
            "axe = '</script>'",
        );
        assert!(
            copy.starts_with("<!DOCTYPE html>\n<html><head>\n<script>\naxe = '<\\/script>'\n</script>\n<script>\n"),
            "{copy}"
        );
        assert!(
            copy.ends_with("</script>\n<meta><body>all</body></html>"),
            "{copy}"
        );
        assert!(
            !MEASURE.contains("</script"),
            "the script would end in the middle"
        );
    }

    #[test]
    fn what_was_told_is_found_in_the_source() {
        let source =
            "<html><body><pre id=\"look\" hidden=\"\">{\"width\":390}</pre><iframe></iframe>";
        assert_eq!(told(source), Some("{\"width\":390}"));
        assert_eq!(told("<html></html>"), None);
    }
}
