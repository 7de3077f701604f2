//! Bytes that are made a piece at a time, and handed over as they are asked for.

/// A piece that is being handed over.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// The piece, handed-over bytes included.
    pub(crate) bytes: Vec<u8>,
    at: usize,
}

impl Ready {
    /// Whether all of the piece has been handed over.
    pub(crate) fn is_used_up(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Makes room for the next piece.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
    }

    /// Fills a buffer as far as the piece goes.
    pub(crate) fn hand_over(&mut self, buffer: &mut [u8]) -> usize {
        let n = buffer.len().min(self.bytes.len() - self.at);
        buffer[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        n
    }
}
