//! The browser: where it is, how it is asked, and how long one waits for it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The names that Chromium goes by.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A page that takes longer than this is not waited for, but opened again: now and then a headless Chromium starts and does nothing.
const LONGEST: Duration = Duration::from_secs(60);
const ATTEMPTS: u32 = 3;

/// The size of a screen, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// What the reader prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    Light,
    Dark,
}

/// What is wanted of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// A picture of the window, into a file.
    Picture(&'a Path, Screen),
    /// The page as it is printed, into a PDF.
    Print(&'a Path),
    /// The source of the page once its scripts are done.
    Source(Screen),
}

/// A headless Chromium with a profile of its own.
pub(crate) struct Browser {
    program: PathBuf,
    /// Its folder for profile and output.
    folder: PathBuf,
}

impl Browser {
    /// The browser that the variable `CHROMIUM` names, or the first on the `PATH`.
    pub(crate) fn find(folder: &Path) -> Result<Self, String> {
        let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = named.or_else(|| on_path(&NAMES, &path)).ok_or(
            "no browser found; install Chromium (on Debian `apt-get install chromium`), or name one in the variable CHROMIUM",
        )?;
        Ok(Self {
            program,
            folder: folder.to_owned(),
        })
    }

    /// Opens a page and does what is wanted; what the browser printed.
    pub(crate) fn open(
        &self,
        page: &Path,
        colours: Colours,
        wanted: Wanted<'_>,
    ) -> Result<String, String> {
        let output = self.folder.join("browser.html");
        let log = self.folder.join("browser.log");
        let create = |path: &Path| {
            File::create(path).map_err(|error| format!("cannot write {}: {error}", path.display()))
        };
        let attempt = || {
            let mut command = Command::new(&self.program);
            command
                .args(arguments(&self.folder, colours, wanted, is_root()))
                .arg(url(page))
                .stdin(Stdio::null())
                .stdout(create(&output)?)
                .stderr(create(&log)?);
            finish(command, &self.program, &log)
        };
        let mut is_done = false;
        for _ in 0..ATTEMPTS {
            is_done = attempt()?;
            if is_done {
                break;
            }
        }
        if !is_done {
            return Err(format!(
                "{} took longer than {} s, {ATTEMPTS} times; {} says how far it came",
                self.program.display(),
                LONGEST.as_secs(),
                log.display()
            ));
        }
        if let Wanted::Picture(file, _) | Wanted::Print(file) = wanted
            && !file.is_file()
        {
            return Err(format!(
                "{} wrote no {}; {} says why",
                self.program.display(),
                file.display(),
                log.display()
            ));
        }
        std::fs::read_to_string(&output)
            .map_err(|error| format!("cannot read {}: {error}", output.display()))
    }
}

/// Starts the browser and waits for its end, though not for ever: whether it came.
fn finish(mut command: Command, program: &Path, log: &Path) -> Result<bool, String> {
    let cannot = |error| format!("cannot start {}: {error}", program.display());
    let mut child = command.spawn().map_err(cannot)?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(cannot)? {
            break status;
        }
        if begun.elapsed() > LONGEST {
            // It may have ended in this moment: then there is nothing to end.
            drop(child.kill());
            drop(child.wait());
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    if status.success() {
        Ok(true)
    } else {
        Err(format!(
            "{} failed ({status}); {} says why",
            program.display(),
            log.display()
        ))
    }
}

/// The words after the program's name, without the page.
fn arguments(folder: &Path, colours: Colours, wanted: Wanted<'_>, is_root: bool) -> Vec<OsString> {
    let with = |flag: &str, path: &Path| {
        let mut argument = OsString::from(flag);
        argument.push(path);
        argument
    };
    let mut all: Vec<OsString> = [
        "--headless=new",
        "--disable-gpu",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        "--no-first-run",
        "--disable-extensions",
    ]
    .map(OsString::from)
    .to_vec();
    all.push(with("--user-data-dir=", &folder.join("profile")));
    if is_root {
        // Chromium does not start as root within its sandbox, and the page is our own.
        all.push("--no-sandbox".into());
    }
    if colours == Colours::Dark {
        all.push("--blink-settings=preferredColorScheme=0".into());
    } else {
        all.push("--blink-settings=preferredColorScheme=1".into());
    }
    let window = |Screen { width, height }| format!("--window-size={width},{height}").into();
    match wanted {
        Wanted::Picture(file, screen) => {
            all.extend([window(screen), with("--screenshot=", file)]);
        }
        Wanted::Print(file) => {
            all.extend([
                with("--print-to-pdf=", file),
                "--no-pdf-header-footer".into(),
            ]);
        }
        Wanted::Source(screen) => {
            // Scripts get this many milliseconds, of a clock that stands still while they compute.
            all.extend([
                window(screen),
                "--virtual-time-budget=60000".into(),
                "--dump-dom".into(),
            ]);
        }
    }
    all
}

/// Whether this program runs as root.
fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        false
    }
}

/// The first of these programs in a list of folders.
pub(crate) fn on_path(names: &[&str], path: &OsStr) -> Option<PathBuf> {
    let in_folder = |name: &&str| {
        std::env::split_paths(path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    };
    names.iter().find_map(in_folder)
}

/// The address of a file.
pub(crate) fn url(file: &Path) -> String {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let path = file.to_string_lossy().replace('\\', "/");
    let mut url = String::from(if path.starts_with('/') {
        "file://"
    } else {
        "file:///"
    });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                url.push(char::from(byte));
            }
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(colours: Colours, wanted: Wanted<'_>, is_root: bool) -> String {
        let words = arguments("target/look".as_ref(), colours, wanted, is_root);
        words.join(OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn a_picture_has_the_size_of_the_screen_and_the_colours_asked_for() {
        let screen = Screen {
            width: 1280,
            height: 800,
        };
        let picture = Wanted::Picture("out/desk.png".as_ref(), screen);
        let light = words(Colours::Light, picture, false);
        assert!(
            light.ends_with(
                "preferredColorScheme=1 --window-size=1280,800 --screenshot=out/desk.png"
            ),
            "{light}"
        );
        assert!(!light.contains("--no-sandbox"), "{light}");
        let dark = words(Colours::Dark, picture, true);
        assert!(
            dark.contains(" --no-sandbox --blink-settings=preferredColorScheme=0 "),
            "{dark}"
        );
    }

    #[test]
    fn a_source_waits_for_its_scripts_and_a_print_has_no_header() {
        let screen = Screen {
            width: 390,
            height: 844,
        };
        let source = words(Colours::Light, Wanted::Source(screen), false);
        assert!(
            source.ends_with("--virtual-time-budget=60000 --dump-dom"),
            "{source}"
        );
        let print = words(Colours::Light, Wanted::Print("p.pdf".as_ref()), false);
        assert!(
            print.ends_with("--print-to-pdf=p.pdf --no-pdf-header-footer"),
            "{print}"
        );
    }

    #[test]
    fn the_first_name_that_is_there_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let folders =
            std::env::join_paths([folder.path().join("none"), folder.path().into()]).unwrap();
        assert_eq!(on_path(&NAMES, &folders), None);
        for name in ["google-chrome", "chromium-browser"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = on_path(&NAMES, &folders).unwrap();
        assert_eq!(found, folder.path().join("chromium-browser"));
    }

    #[test]
    fn an_address_escapes_what_it_must() {
        assert_eq!(
            url("/a b/50 %/ü#1?.html".as_ref()),
            "file:///a%20b/50%20%25/%C3%BC%231%3F.html"
        );
    }
}
