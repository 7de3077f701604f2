//! Files that are read whole, up to a size.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A file of at most so many bytes: a device that never ends is an error like one that is too large.
///
/// # Errors
/// What the system said, or that it is larger.
///
/// ```
/// # let scratch = tempfile::tempdir()?;
/// let file = scratch.path().join("design.toml");
/// std::fs::write(&file, "12345")?;
/// assert_eq!(smallbatch_files::read(&file, 5)?, b"12345");
/// assert!(smallbatch_files::read(&file, 4).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut bytes = File::open(file)?.take(most.saturating_add(1));
    bytes.read_to_end(&mut content)?;
    up_to(content, most)
}

/// Bytes that show what a file is.
const BEGINNING: u64 = 4096;

fn up_to(content: Vec<u8>, most: u64) -> io::Result<Vec<u8>> {
    if content.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {most} bytes, which is the most that is read"),
        ));
    }
    Ok(content)
}

/// The same, but only the first 4,096 bytes of a file that begins with others than it should: `begins` is asked about these.
///
/// # Errors
/// As [`read`].
///
/// ```
/// # let scratch = tempfile::tempdir()?;
/// let file = scratch.path().join("results.json");
/// std::fs::write(&file, [0; 10_000])?;
/// let is_json = |beginning: &[u8]| beginning.starts_with(b"{");
/// assert_eq!(smallbatch_files::read_if(&file, 1 << 20, is_json)?.len(), 4096);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read_if(file: &Path, most: u64, begins: impl FnOnce(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut source = File::open(file)?;
    source
        .by_ref()
        .take(BEGINNING.min(most.saturating_add(1)))
        .read_to_end(&mut content)?;
    if content.len() as u64 == BEGINNING && begins(&content) {
        let rest = most.saturating_add(1).saturating_sub(BEGINNING);
        source.take(rest).read_to_end(&mut content)?;
    }
    up_to(content, most)
}

/// The same as text.
///
/// # Errors
/// As [`read`], and where it is not UTF-8.
pub fn read_text(file: &Path, most: u64) -> io::Result<String> {
    let no_text = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    String::from_utf8(read(file, most)?).map_err(no_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("design.toml");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_text(&file, 5).unwrap(), "12345");
        let error = read(&file, 4).unwrap_err().to_string();
        assert_eq!(
            error,
            "it has more than 4 bytes, which is the most that is read"
        );
        if cfg!(target_os = "linux") {
            let zero = Path::new("/dev/zero");
            assert!(read(zero, 1000).is_err());
            assert_eq!(read_if(zero, u64::MAX, |_| false).unwrap().len(), 4096);
            assert!(read_if(zero, 10_000, |_| true).is_err());
        }
    }
}
