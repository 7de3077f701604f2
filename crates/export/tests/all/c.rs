//! Generated headers, compiled and run by the machine's C compiler.

use std::fs;
use std::path::Path;
use std::process::Command;

use smallbatch_export::c_header;

use crate::{check, random};

const MAIN: &str = "
#include <stdio.h>
int main(void) {
    int wrong = check();
    printf(\"%d of %d differ\\n\", wrong, checks());
    return wrong != 0;
}
";

/// The C compiler, if there is one. The variable `CC` names another.
fn compiler() -> Option<String> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let is_there = Command::new(&compiler)
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success());
    if !is_there {
        // No terminal shows it while the test passes, but `--nocapture` and a log of failures do.
        eprintln!(
            "SKIPPED: there is no C compiler {compiler:?}; install one (on Debian `apt-get install gcc`), or name one in the variable CC"
        );
    }
    is_there.then_some(compiler)
}

/// Compiles a source with these flags; what the compiler said where it said something.
fn compiled(compiler: &str, folder: &Path, flags: &[&str], source: &str, program: &Path) {
    let file = folder.join("check.c");
    fs::write(&file, source).expect("it can be written");
    let output = Command::new(compiler)
        .args(flags)
        .arg(&file)
        .arg("-o")
        .arg(program)
        .output()
        .expect("it was there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{flags:?}: {said}"
    );
}

fn run(program: &Path) -> (bool, String) {
    let output = Command::new(program).output().expect("it was compiled");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), said)
}

const WARNINGS: [&str; 5] = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
    "-Wno-unknown-pragmas",
];

#[test]
fn headers_predict_the_same_bits() {
    let Some(compiler) = compiler() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let source = check::source(0..18, 12) + MAIN;
    let mut all: Vec<Vec<&str>> = vec![vec!["-std=c99", "-O0"]];
    // With fused operations in the processor, which the pragmas of the header forbid.
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("fma") {
        all.push(vec!["-std=gnu11", "-O2", "-mfma"]);
    }
    // Side by side: a compiler takes seconds.
    std::thread::scope(|threads| {
        for mut flags in all {
            let (compiler, source, path) = (&compiler, &source, folder.path().join(flags[0]));
            threads.spawn(move || {
                std::fs::create_dir(&path).expect("a folder");
                let program = path.join("check");
                flags.extend(WARNINGS);
                compiled(compiler, &path, &flags, source, &program);
                let expected = (true, "0 of 216 differ\n".into());
                assert_eq!(run(&program), expected, "{flags:?}");
            });
        }
    });
}

/// The test above can fail: without the pragmas some bits are others where there are fused operations, and other limits are seen.
#[test]
fn another_bit_is_seen() {
    let Some(compiler) = compiler() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("check");
    let source = check::source(1..4, 4) + MAIN;
    let changed = source.replacen("1e18", "1e-3", 4);
    compiled(
        &compiler,
        folder.path(),
        &["-std=c99", "-O1"],
        &changed,
        &program,
    );
    assert!(!run(&program).0);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("fma") {
        let fused = source.replace("fp-contract=off", "fp-contract=fast");
        let flags = ["-std=gnu11", "-O2", "-mfma"];
        compiled(&compiler, folder.path(), &flags, &fused, &program);
        assert!(!run(&program).0);
    }
}

/// Of a name that is no identifier, and in C++, with a header twice.
#[test]
fn any_name_is_made_one_and_a_header_may_be_included_twice() {
    let header = c_header(&random::model(3), "3 houses, Q_ & \"co\"");
    assert!(header.contains("static inline int model_3_houses_q_co_predict(const double cells[MODEL_3_HOUSES_Q_CO_N_CELLS]"));
    assert!(c_header(&random::model(3), "_/").contains("static inline int model_predict("));
    let Some(compiler) = compiler() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("check.o");
    let source = format!("{header}{header}\n");
    let mut flags = vec!["-std=c99", "-c"];
    flags.extend(WARNINGS);
    compiled(&compiler, folder.path(), &flags, &source, &program);
    compiled(
        &compiler,
        folder.path(),
        &["-x", "c++", "-c", "-Wall"],
        &source,
        &program,
    );
}

#[test]
fn texts_in_comments_end_none_and_names_are_no_others() {
    let model = random::model(0);
    let header = c_header(&model, "p");
    assert!(
        header.starts_with("/* Predicts \"what (is predicted) * /\"."),
        "{header}"
    );
    let mut model = random::model(1);
    for (at, name) in ["N_CELLS", "n cells", "P_mean */", "Q_H", "h"]
        .iter()
        .enumerate()
    {
        if let Some(column) = model.columns.to_mut().get_mut(at) {
            column.name = (*name).into();
        }
    }
    let header = c_header(&model, "p_x");
    assert!(header.contains("P_X_N_CELLS_2"), "{header}");
    assert!(header.contains("/* \"P_mean * /\": "), "{header}");
}
