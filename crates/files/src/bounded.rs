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
    if content.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {most} bytes, which is the most that is read"),
        ));
    }
    Ok(content)
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
            assert!(read(Path::new("/dev/zero"), 1000).is_err());
        }
    }
}
