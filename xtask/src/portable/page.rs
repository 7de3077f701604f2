//! The page in `examples/web`, opened in a browser: it must show what its model predicts on this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::ran;
use crate::cargo::root;
use crate::look::browser::{Browser, Colours, Screen, Wanted};

/// Compares the probabilities of the page with those of its header, compiled for this machine.
pub(super) fn check(folder: &Path, browser: &Browser) -> Result<String, String> {
    let example = root().join("examples").join("web");
    let page = example.join("index.html");
    let text = fs::read_to_string(&page)
        .map_err(|error| format!("cannot read {}: {error}", page.display()))?;
    let inputs = behind(&text, "step=\"0.1\" value=\"");
    let screen = Screen {
        width: 390,
        height: 844,
    };
    let source = browser.open(&page, Colours::Light, Wanted::Source(screen))?;
    let shown = numbers(
        &behind(&source, "\" value=\"0")
            .iter()
            .map(|rest| format!("0{rest}"))
            .collect::<Vec<_>>(),
    );
    let main = folder.join("page.c");
    let program = folder.join("page");
    let steps = format!(
        "#include <stdio.h>\n#include \"iris.h\"\n\
         int main(void) {{ double cells[IRIS_N_CELLS] = {{{}}}, p[IRIS_N_OUTPUTS]; int i; if (!iris_predict(cells, p)) return 1;\n\
         for (i = 0; i < IRIS_N_OUTPUTS; i++) printf(\"%.17g\\n\", p[i]); return iris_class(p) < 0; }}\n",
        inputs.join(", ")
    );
    fs::write(&main, steps).map_err(|error| format!("cannot write {}: {error}", main.display()))?;
    let mut command = Command::new("clang");
    command
        .arg("-I")
        .arg(&example)
        .arg(&main)
        .arg("-o")
        .arg(&program);
    ran(command)?;
    let expected = ran(Command::new(program))?;
    let expected = numbers(&expected.lines().map(str::to_owned).collect::<Vec<_>>());
    if inputs.len() == 4 && expected.len() == 3 && shown == expected {
        Ok("the page of examples/web shows what its header predicts here".into())
    } else {
        Err(format!(
            "{} shows {shown:?}, and its header predicts {expected:?}; examples/web/build.sh makes it anew",
            page.display()
        ))
    }
}

/// What stands between each place of a text and the next quotation mark.
fn behind(text: &str, place: &str) -> Vec<String> {
    let parts = text.split(place).skip(1);
    parts
        .filter_map(|part| Some(part.split_once('"')?.0.to_owned()))
        .collect()
}

fn numbers(texts: &[String]) -> Vec<f64> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_place_ends_with_the_quotation_mark() {
        let text = r#"<a x="1" value="0.5"><b x="2" value="7">"#;
        assert_eq!(behind(text, "value=\""), ["0.5", "7"]);
        assert_eq!(numbers(&behind(text, "x=\"")), [1.0, 2.0]);
    }
}
