//! The machine and the build behind a set of results.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use smallbatch_base::vectors_in_use;
use smallbatch_report::results::{Environment, Machine};
use xxhash_rust::xxh3::xxh3_128;

use crate::RunPlan;

/// What can be found out; what cannot stays empty.
pub(crate) fn environment(plan: &RunPlan) -> Environment {
    let mut versions = BTreeMap::new();
    versions.insert("smallbatch-lab".into(), env!("CARGO_PKG_VERSION").into());
    // What the build script found; what it did not find is empty.
    for (name, version) in [
        ("rustc", env!("LAB_BUILT_BY")),
        ("nalgebra", env!("LAB_LOCKED_NALGEBRA")),
        ("matrixmultiply", env!("LAB_LOCKED_MATRIXMULTIPLY")),
        ("pulp", env!("LAB_LOCKED_PULP")),
    ] {
        if !version.is_empty() {
            versions.insert(name.into(), version.into());
        }
    }
    Environment {
        processor: processor(),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        workers: plan.threads,
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        revision: revision(),
        versions,
        started_unix_seconds: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs()),
        elapsed_seconds: 0.0,
        command: plan.command(),
        request: serde_json::to_value(plan.request()).unwrap_or_default(),
        machines: Vec::new(),
    }
}

/// This machine, which has computed nothing yet.
pub(crate) fn machine() -> Machine {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let program = std::env::current_exe().and_then(std::fs::read);
    Machine {
        host: host.trim().to_owned(),
        processor: processor(),
        vectors: vectors_in_use().to_owned(),
        program: program.map_or_else(
            |_| String::new(),
            |bytes| format!("{:032x}", xxh3_128(&bytes)),
        ),
        ..Machine::default()
    }
}

fn processor() -> String {
    let described = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = described.lines().find_map(|line| {
        line.strip_prefix("model name")?
            .split_once(':')
            .map(|(_, name)| name.trim().to_owned())
    });
    named
        .or_else(|| output_of("sysctl", &["-n", "machdep.cpu.brand_string"]))
        .or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok())
        .unwrap_or_default()
}

/// The revision that the folder of sources has now, if it is still there and under Git. A program that was built some time
/// ago may be of another one; not to ask Git anew would be worse, since uncommitted changes could not be seen.
fn revision() -> String {
    let here = env!("CARGO_MANIFEST_DIR");
    let Some(hash) = output_of("git", &["-C", here, "rev-parse", "--short=12", "HEAD"]) else {
        return String::new();
    };
    match output_of("git", &["-C", here, "status", "--porcelain"]) {
        Some(changes) if !changes.is_empty() => format!("{hash}-dirty"),
        _ => hash,
    }
}

fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_computes_is_named_with_its_version() {
        let plan = RunPlan {
            threads: 3,
            ..RunPlan::default()
        };
        let found = environment(&plan);
        assert_eq!(found.workers, 3);
        for name in [
            "smallbatch-lab",
            "rustc",
            "nalgebra",
            "matrixmultiply",
            "pulp",
        ] {
            let version = &found.versions[name];
            assert!(version.contains('.'), "{name}: {version}");
        }
    }
}
