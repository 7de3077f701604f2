//! Bytes as text in UTF-8, whatever they were encoded in.

use std::fmt;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::ready::Ready;

/// So many bytes are read at once.
const PIECE: usize = 1 << 16;
/// So many show whether this is text, and in which encoding.
const BEGINNING: usize = 8192;
/// Bytes that Windows-1252 gives no character.
const UNDEFINED: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/// A place where bytes cannot be read as text; it travels in an [`io::Error`].
#[derive(Clone, Debug)]
pub(crate) struct BadText {
    /// The line, from 1.
    pub(crate) line: u64,
    /// What is wrong there, and the way out.
    pub(crate) problem: String,
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for BadText {}

impl From<BadText> for io::Error {
    fn from(bad: BadText) -> Self {
        Self::new(io::ErrorKind::InvalidData, bad)
    }
}

/// What stands in the text for bytes that are no text, where these do not end it: a byte that no UTF-8 has.
pub(crate) const NO_TEXT: u8 = 0xff;

/// What becomes of bytes that are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadBytes {
    /// They end the text with an error.
    End,
    /// [`NO_TEXT`] stands for them.
    Mark,
}

/// How the bytes are read.
enum Coding {
    /// The first bytes decide.
    Unknown,
    /// So far all are ASCII, which UTF-8 and Windows-1252 share.
    Ascii,
    Utf8,
    Other(Decoder),
}

/// The text of a source. UTF-8 unless its first bytes say UTF-16; and Windows-1252 (of which Latin-1 is a part) if the first
/// bytes that are not ASCII cannot be UTF-8.
pub(crate) struct Text<R> {
    source: R,
    /// How the source is packed.
    packed: Option<&'static str>,
    bad: BadBytes,
    coding: Coding,
    /// What has been read and not yet decoded.
    raw: Vec<u8>,
    has_ended: bool,
    /// What has been decoded.
    ready: Ready,
    /// The line that `ready` ends on.
    line: u64,
    /// What is wrong behind what is ready. It stays: what follows is not read.
    failed: Option<BadText>,
    notes: Vec<String>,
}

impl<R: Read> Text<R> {
    pub(crate) fn new(source: R, packed: Option<&'static str>, bad: BadBytes) -> Self {
        Self {
            source,
            packed,
            bad,
            coding: Coding::Unknown,
            raw: Vec::new(),
            has_ended: false,
            ready: Ready::default(),
            line: 1,
            failed: None,
            notes: Vec::new(),
        }
    }

    /// How the text was read, where it was not plain UTF-8; complete at the end.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Decodes what comes next, until there is something or the end.
    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        while self.ready.bytes.is_empty() && !(self.has_ended && self.raw.is_empty()) {
            // What cannot be decoded may only be incomplete.
            if !self.has_ended {
                self.read_piece()?;
            }
            if matches!(self.coding, Coding::Unknown) {
                self.find_coding()?;
            }
            match self.coding {
                Coding::Other(_) => self.decode(),
                _ => self.check(),
            }
        }
        self.line += lines(&self.ready.bytes);
        match &self.failed {
            Some(bad) if self.ready.bytes.is_empty() => Err(bad.clone().into()),
            _ => Ok(()),
        }
    }

    fn read_piece(&mut self) -> io::Result<()> {
        let before = self.raw.len();
        self.raw.resize(before + PIECE, 0);
        let read = loop {
            match self.source.read(&mut self.raw[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.raw.truncate(before + *read.as_ref().unwrap_or(&0));
        match (read, self.packed) {
            (Ok(read), _) => {
                self.has_ended = read == 0;
                Ok(())
            }
            (Err(error), Some(packed)) if error.raw_os_error().is_none() => {
                let problem = format!(
                    "the file, packed by {packed}, is cut off or damaged here; copy it again"
                );
                self.has_ended = true;
                let line = self.line + lines(&self.raw);
                self.failed.get_or_insert(BadText { line, problem });
                Ok(())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The coding that the first bytes say.
    fn find_coding(&mut self) -> io::Result<()> {
        while self.raw.len() < BEGINNING && !self.has_ended {
            self.read_piece()?;
        }
        let marked = |mark: &[u8]| self.raw.starts_with(mark);
        let zeros = |odd: usize| {
            let places = self.raw.iter().take(1000).skip(odd).step_by(2);
            let (all, zeros) = places.fold((0, 0), |(all, zeros), byte| {
                (all + 1, zeros + usize::from(*byte == 0))
            });
            // Of ASCII all are 0, of other letters of Europe most.
            2 * zeros > all
        };
        let (coding, mark) = if marked(&[0xef, 0xbb, 0xbf]) {
            (Coding::Utf8, 3)
        } else if marked(&[0xff, 0xfe]) {
            (self.other(UTF_16LE, "UTF-16, as it says"), 2)
        } else if marked(&[0xfe, 0xff]) {
            (self.other(UTF_16BE, "UTF-16, as it says"), 2)
        } else if zeros(1) && !zeros(0) {
            (
                self.other(UTF_16LE, "UTF-16, since every other byte is 0"),
                0,
            )
        } else if zeros(0) && !zeros(1) {
            (
                self.other(UTF_16BE, "UTF-16, since every other byte is 0"),
                0,
            )
        } else {
            (Coding::Ascii, 0)
        };
        let beginning = &self.raw[..self.raw.len().min(BEGINNING)];
        if !matches!(coding, Coding::Other(_))
            && let Some(at) = beginning.iter().position(|byte| *byte == 0)
        {
            let line = self.line + lines(&beginning[..at]);
            let problem =
                "there is a byte 00 here, so this is no text; save the table as CSV".into();
            return Err(BadText { line, problem }.into());
        }
        self.coding = coding;
        self.raw.drain(..mark);
        Ok(())
    }

    fn other(&mut self, encoding: &'static Encoding, said: &str) -> Coding {
        self.notes.push(format!("read as {said}"));
        Coding::Other(encoding.new_decoder_without_bom_handling())
    }

    /// Hands over what is UTF-8, with a mark for all else.
    fn check_and_mark(&mut self) {
        let ready = &mut self.ready.bytes;
        let mut incomplete = 0;
        for chunk in self.raw.utf8_chunks() {
            ready.extend_from_slice(chunk.valid().as_bytes());
            let bad = chunk.invalid();
            // Only the last may go on in the next piece.
            incomplete = match std::str::from_utf8(bad) {
                Err(error) if error.error_len().is_none() && !self.has_ended => bad.len(),
                _ => 0,
            };
            if !bad.is_empty() && incomplete == 0 {
                ready.push(NO_TEXT);
            }
        }
        self.raw.drain(..self.raw.len() - incomplete);
    }

    /// Hands over what is UTF-8.
    fn check(&mut self) {
        if matches!((&self.coding, self.bad), (Coding::Utf8, BadBytes::Mark)) {
            return self.check_and_mark();
        }
        let error = match std::str::from_utf8(&self.raw) {
            Ok(_) => return self.hand_over(self.raw.len()),
            Err(error) => error,
        };
        let valid = error.valid_up_to();
        if valid > 0 {
            return self.hand_over(valid);
        }
        if error.error_len().is_none() && !self.has_ended {
            return;
        }
        if matches!(self.coding, Coding::Ascii) {
            self.coding = self.other(WINDOWS_1252, "Windows-1252, since it is not UTF-8");
            return self.decode();
        }
        let bytes = self.raw.iter().take(4).map(|byte| format!("{byte:02X}"));
        let bytes: Vec<String> = bytes.collect();
        let problem = format!(
            "the bytes {} are not UTF-8, but others before them are; save the file as UTF-8",
            bytes.join(" ")
        );
        self.fail(0, problem);
    }

    /// Hands over so many bytes as they are.
    fn hand_over(&mut self, length: usize) {
        let rest = self.raw.split_off(length);
        self.ready.bytes = std::mem::replace(&mut self.raw, rest);
        if matches!(self.coding, Coding::Ascii) && !self.ready.bytes.is_ascii() {
            self.coding = Coding::Utf8;
        }
    }

    /// Decodes all that has been read.
    fn decode(&mut self) {
        let Coding::Other(decoder) = &mut self.coding else {
            return;
        };
        let is_windows = decoder.encoding() == WINDOWS_1252;
        let undefined = |byte: &u8| is_windows && UNDEFINED.contains(byte);
        let ready = &mut self.ready.bytes;
        let mut from = 0;
        let problem = loop {
            let rest = &self.raw[from..];
            let end = rest.iter().position(undefined);
            let good = &rest[..end.unwrap_or(rest.len())];
            let before = ready.len();
            let room = decoder.max_utf8_buffer_length_without_replacement(good.len());
            ready.resize(before + room.unwrap_or(4 * good.len() + 16), 0);
            let is_last = self.has_ended && end.is_none();
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(good, &mut ready[before..], is_last);
            ready.truncate(before + written);
            from += read;
            let problem = match (result, end) {
                (DecoderResult::Malformed(..), _) => {
                    "half of a character of UTF-16 is missing".to_owned()
                }
                (_, Some(at)) => {
                    from += 1;
                    format!(
                        "the byte {:02X} is neither UTF-8 nor Windows-1252",
                        rest[at]
                    )
                }
                _ => {
                    self.raw.drain(..from);
                    return;
                }
            };
            match self.bad {
                BadBytes::End => break problem,
                BadBytes::Mark => ready.push(NO_TEXT),
            }
        };
        self.fail(
            lines(&self.ready.bytes),
            format!("{problem}; save the file as UTF-8"),
        );
    }

    /// Ends the text so many lines further on.
    fn fail(&mut self, further: u64, problem: String) {
        let line = self.line + further;
        // Of several, the first.
        self.failed.get_or_insert(BadText { line, problem });
        self.raw.clear();
        self.has_ended = true;
    }
}

fn lines(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_used_up() {
            self.refill()?;
        }
        Ok(self.ready.hand_over(buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands over a byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(1).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn read(bytes: &[u8]) -> Result<(String, Vec<String>), String> {
        let all = |source: &mut dyn Read| {
            let mut text = Text::new(source, None, BadBytes::End);
            let mut read = String::new();
            let mut all = || {
                text.read_to_string(&mut read)
                    .map_err(|error| error.to_string())
            };
            let found = all();
            // An error stays.
            assert!(found.is_ok() || all() == found);
            found.map(|_| (read, text.notes.clone()))
        };
        let fast = all(&mut &bytes[..]);
        assert_eq!(all(&mut Slow(bytes)), fast);
        fast
    }

    #[test]
    fn encodings_are_found_and_said() {
        let text = "größe,y\n1,2 €\n3,4\n".repeat(10);
        let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let (windows, _, _) = WINDOWS_1252.encode(&text);
        for (bytes, said) in [
            (text.clone().into_bytes(), None),
            (marked(&[0xef, 0xbb, 0xbf], text.clone().into_bytes()), None),
            (
                marked(&[0xff, 0xfe], le.clone()),
                Some("UTF-16, as it says"),
            ),
            (
                marked(&[0xfe, 0xff], be.clone()),
                Some("UTF-16, as it says"),
            ),
            (le, Some("every other byte is 0")),
            (be, Some("every other byte is 0")),
            (
                windows.into_owned(),
                Some("Windows-1252, since it is not UTF-8"),
            ),
        ] {
            let (read, notes) = read(&bytes).unwrap();
            assert_eq!(read, text);
            assert_eq!(notes.len(), usize::from(said.is_some()));
            assert!(said.is_none_or(|said| notes[0].contains(said)), "{notes:?}");
        }
        assert_eq!(read(b"").unwrap().0, "");
    }

    #[test]
    fn what_is_no_text_is_named_by_line() {
        for (bytes, says) in [
            (&b"a,y\n1,2\n\x81,3\n"[..], "line 3: the byte 81 is neither"),
            ("ä,y\n1,2\n".as_bytes(), ""),
            (
                b"\xc3\xa4,y\n1,2\n3,\xff\n",
                "line 3: the bytes FF 0A are not UTF-8",
            ),
            (
                b"\xff\xfea\0,\0y\0\n\0\0\xd8\n\0",
                "line 2: half of a character",
            ),
        ] {
            match read(bytes) {
                Ok(_) => assert!(says.is_empty()),
                Err(error) => assert!(!says.is_empty() && error.contains(says), "{error}"),
            }
        }
        // Where the first other byte comes late.
        let mut late = b"1,2\n".repeat(100_000);
        late.extend(b"\xe4,3\n");
        assert!(read(&late).unwrap().0.ends_with("ä,3\n"));
    }

    /// A device without an end, a picture, a program: nothing of it is read but the beginning.
    #[test]
    fn what_has_zeros_at_its_beginning_is_refused_at_once() {
        struct Counted(usize);
        impl Read for Counted {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                buffer.fill(0);
                self.0 += buffer.len();
                Ok(buffer.len())
            }
        }
        for bad in [BadBytes::End, BadBytes::Mark] {
            let mut source = Counted(0);
            let mut text = Text::new(&mut source, None, bad);
            let error = text.read_to_end(&mut Vec::new()).unwrap_err().to_string();
            assert!(error.starts_with("line 1: there is a byte 00"), "{error}");
            assert!(source.0 <= PIECE, "{} bytes were read", source.0);
        }
        assert_eq!(
            read(b"\xef\xbb\xbfa,y\n1,\0\n").unwrap_err(),
            "line 2: there is a byte 00 here, so this is no text; save the table as CSV"
        );
        // Far behind the beginning it is a bad cell, and no other file.
        let late = [b"1,2\n".repeat(BEGINNING / 4), b"\0,3\n".to_vec()].concat();
        assert!(read(&late).is_ok());
    }

    #[test]
    fn bytes_that_are_no_text_can_be_marked() {
        let utf16 = b"\xff\xfea\0\n\0\0\xd8\n\0b\0\n\0";
        for (bytes, expected) in [
            (
                &b"\xc3\xa4\n3,\xff\xfe\n4\n"[..],
                &b"\xc3\xa4\n3,\xff\xff\n4\n"[..],
            ),
            (b"\xe4\n\x81\n4\n", b"\xc3\xa4\n\xff\n4\n"),
            (b"\xc3\xa4\n4\xc3", b"\xc3\xa4\n4\xff"),
            (utf16, b"a\n\xff\nb\n"),
        ] {
            for slow in [false, true] {
                let mut read = Vec::new();
                let mut slowly = Slow(bytes);
                let mut at_once = bytes;
                let source: &mut dyn Read = if slow { &mut slowly } else { &mut at_once };
                let mut text = Text::new(source, None, BadBytes::Mark);
                text.read_to_end(&mut read).unwrap();
                assert_eq!(read, expected, "{slow}");
            }
        }
    }
}
