//! Whether an Arrow file can hold what it says that it holds, before anything of that size is allocated.

use std::io::{Read, Seek, SeekFrom};

use arrow_ipc::reader::read_footer_length;
use arrow_ipc::{Message, RecordBatch, root_as_footer, root_as_message};

/// LZ4 makes at most 255 bytes of one.
const MOST_BYTES_OF_ONE: u64 = 256;
/// A buffer that is compressed begins with its length.
const PREFIX: u64 = 8;
/// What follows is the length of a message, and not yet a message of an old version.
const GOES_ON: u32 = u32::MAX;
/// An Arrow file begins and ends so.
const MAGIC: &[u8; 6] = b"ARROW1";

/// A sentence that says which part is impossible. The position is at the beginning then, and before.
pub(super) fn check(source: &mut (impl Read + Seek)) -> Result<(), String> {
    let mut file = Sized {
        size: source
            .seek(SeekFrom::End(0))
            .map_err(|error| error.to_string())?,
        source,
    };
    let checked = if file.bytes(0, 6)? == MAGIC {
        file.check_file()
    } else {
        file.check_stream()
    };
    file.source.rewind().map_err(|error| error.to_string())?;
    checked
}

/// A source whose size is known.
struct Sized<'a, R> {
    source: &'a mut R,
    size: u64,
}

fn impossible(what: &str) -> String {
    format!("{what} is longer than the file; it was cut off or altered, write it again")
}

impl<R: Read + Seek> Sized<'_, R> {
    /// So many bytes from a position on, if they are there.
    fn bytes(&mut self, from: u64, length: u64) -> Result<Vec<u8>, String> {
        let end = from.checked_add(length);
        if end.is_none_or(|end| end > self.size) {
            return Err(impossible("a part of it"));
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|error| error.to_string())?];
        let read = self.source.seek(SeekFrom::Start(from));
        let read = read.and_then(|_| self.source.read_exact(&mut bytes));
        read.map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    /// A file has its parts listed at its end.
    fn check_file(&mut self) -> Result<(), String> {
        let end = self
            .size
            .checked_sub(10)
            .ok_or_else(|| impossible("its end"))?;
        let trailer = self.bytes(end, 10)?;
        let trailer: [u8; 10] = trailer.try_into().map_err(|_| impossible("its end"))?;
        let length = read_footer_length(trailer).map_err(|error| error.to_string())? as u64;
        let start = end
            .checked_sub(length)
            .ok_or_else(|| impossible("its list of parts"))?;
        let footer = self.bytes(start, length)?;
        let footer = root_as_footer(&footer).map_err(|error| error.to_string())?;
        let parts = [footer.dictionaries(), footer.recordBatches()];
        for block in parts.into_iter().flatten().flatten() {
            let size = |size: i64| u64::try_from(size).map_err(|_| impossible("a part of it"));
            let (from, head) = (size(block.offset())?, size(block.metaDataLength().into())?);
            let (body, length) = (from.checked_add(head), size(block.bodyLength())?);
            let body = body.ok_or_else(|| impossible("a part of it"))?;
            let head = self.bytes(from, head)?;
            // Behind the mark, if there is one, and the length.
            let skipped = if head.starts_with(&GOES_ON.to_le_bytes()) {
                8
            } else {
                4
            };
            let head = head.get(skipped..).ok_or_else(|| impossible("a message"))?;
            self.check_message(head, body, Some(length))?;
        }
        Ok(())
    }

    /// A stream is message after message.
    fn check_stream(&mut self) -> Result<(), String> {
        let mut at = 0;
        while at + 8 <= self.size {
            let number = |bytes: Vec<u8>| bytes.try_into().map_or(0, u32::from_le_bytes);
            if number(self.bytes(at, 4)?) != GOES_ON {
                return Err("it is damaged; write the file again".to_owned());
            }
            let length = u64::from(number(self.bytes(at + 4, 4)?));
            if length == 0 {
                return Ok(());
            }
            let head = self.bytes(at + 8, length)?;
            at = self.check_message(&head, at + 8 + length, None)?;
        }
        Ok(())
    }

    /// Checks a message whose body begins here; where the body ends.
    fn check_message(
        &mut self,
        head: &[u8],
        body: u64,
        length: Option<u64>,
    ) -> Result<u64, String> {
        let message: Message<'_> = root_as_message(head).map_err(|error| error.to_string())?;
        let said = u64::try_from(message.bodyLength()).map_err(|_| impossible("a message"))?;
        let end = body.checked_add(said.max(length.unwrap_or(0)));
        let end = end
            .filter(|end| *end <= self.size)
            .ok_or_else(|| impossible("a message"))?;
        let batch = message.header_as_record_batch();
        let batch = batch.or_else(|| message.header_as_dictionary_batch().and_then(|d| d.data()));
        if let Some(batch) = batch {
            self.check_batch(batch, body, end)?;
        }
        Ok(end)
    }

    /// Whether its buffers are inside its body, and what is compressed can be as long as it says.
    fn check_batch(&mut self, batch: RecordBatch<'_>, body: u64, end: u64) -> Result<(), String> {
        for buffer in batch.buffers().into_iter().flatten() {
            let (offset, length) = (
                u64::try_from(buffer.offset()),
                u64::try_from(buffer.length()),
            );
            let (Ok(offset), Ok(length)) = (offset, length) else {
                return Err(impossible("a column"));
            };
            let from = body.checked_add(offset).filter(|from| *from <= end);
            let from = from.ok_or_else(|| impossible("a column"))?;
            if length > end - from {
                return Err(impossible("a column"));
            }
            if batch.compression().is_some() && length >= PREFIX {
                let prefix = self.bytes(from, PREFIX)?;
                // -1 says that it is not compressed after all.
                let long = prefix.try_into().map_or(-1, i64::from_le_bytes);
                if u64::try_from(long).is_ok_and(|long| long / MOST_BYTES_OF_ONE > length) {
                    return Err(impossible("what is compressed"));
                }
            }
        }
        Ok(())
    }
}
