//! Where tables come from: files and standard input, packed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::Error;
use crate::text::BadText;

/// The bytes that gzip begins a file with.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Those of Zstandard.
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What other files begin with that are taken for tables.
const FOREIGN: [(&[u8; 4], &str); 3] = [
    (b"PK\x03\x04", "a spreadsheet or an archive (zip)"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (xls)"),
    (b"PAR1", "a Parquet file"),
];

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>, Error> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let io = |source| Error::Io {
        path: path.to_path_buf(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    // A folder opens as a file does, and says so only when it is read.
    if file.metadata().map_err(io)?.is_dir() {
        return Err(io(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        )));
    }
    Ok(Box::new(file))
}

/// Whether a file can be read and begins so.
#[cfg(any(feature = "parquet", feature = "arrow"))]
pub(crate) fn begins_with(path: &Path, magic: &[u8; 4]) -> bool {
    let mut head = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head == *magic
}

/// The file's name without the endings of tables: `houses` for `houses.csv.gz`.
pub(crate) fn name_of(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut name: &str = &name;
    for packed in [".gz", ".zst"] {
        name = without(name, packed);
    }
    let stem = Path::new(name).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Whether a file's name says that it is a text table, packed or not: what [`read_folder`](crate::read_folder) reads of a folder.
///
/// ```
/// use std::path::Path;
/// assert!(smallbatch_data::is_table(Path::new("houses.CSV.gz")) && !smallbatch_data::is_table(Path::new("houses.toml")));
/// ```
pub fn is_table(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".csv", ".csv.gz", ".csv.zst"]
        .iter()
        .any(|ending| without(&name, ending).len() < name.len())
}

fn without<'a>(name: &'a str, ending: &str) -> &'a str {
    let at = name.len().saturating_sub(ending.len());
    match name.get(at..) {
        Some(end) if end.eq_ignore_ascii_case(ending) => &name[..at],
        _ => name,
    }
}

/// The bytes of a source, unpacked if they are packed, and how they were packed.
pub(crate) fn unpacked<'a>(
    mut source: impl Read + Send + 'a,
) -> io::Result<(Box<dyn Read + Send + 'a>, Option<&'static str>)> {
    let mut head = Vec::new();
    source
        .by_ref()
        .take(ZSTANDARD.len() as u64)
        .read_to_end(&mut head)?;
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(*magic)) {
        let problem = format!("this is {what}, and no text; save the table as CSV");
        return Err(BadText { line: 1, problem }.into());
    }
    let (gzip, zstandard) = (head.starts_with(&GZIP), head.starts_with(&ZSTANDARD));
    let whole = Cursor::new(head).chain(source);
    Ok(if gzip {
        let decoder = flate2::read::MultiGzDecoder::new(whole);
        (Box::new(decoder), Some("gzip"))
    } else if zstandard {
        (Box::new(Frames::new(whole)), Some("Zstandard"))
    } else {
        (Box::new(whole), None)
    })
}

/// What several frames of Zstandard hold, one after the other.
struct Frames<R> {
    source: BufReader<R>,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl<R: Read> Frames<R> {
    fn new(source: R) -> Self {
        Self {
            source: BufReader::new(source),
            decoder: FrameDecoder::new(),
            is_in_frame: false,
        }
    }

    /// Goes to the next frame; false at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut skipped = self.source.by_ref().take(u64::from(length));
                    io::copy(&mut skipped, &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_in_frame {
                if !self.next_frame()? {
                    return Ok(0);
                }
                self.is_in_frame = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.is_in_frame = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_endings_of_tables() {
        for (path, name) in [
            ("a/houses.csv", "houses"),
            ("houses.CSV.GZ", "houses"),
            ("houses.2024.csv.zst", "houses.2024"),
            ("houses", "houses"),
            ("-", "standard input"),
        ] {
            assert_eq!(name_of(Path::new(path)), name);
        }
        assert!(is_table(Path::new("a.Csv")) && is_table(Path::new("a.csv.gz")));
        assert!(!is_table(Path::new("a.toml")) && !is_table(Path::new("csv")));
    }
}
