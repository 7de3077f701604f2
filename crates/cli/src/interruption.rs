//! Ctrl-C: the first asks to finish, the second ends the program at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ending::Ending;
use crate::output::warn;

/// Whether Ctrl-C was pressed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// Listens for Ctrl-C from now on.
    pub(crate) fn listen() -> Self {
        let interruption = Self::default();
        let flag = Arc::clone(&interruption.0);
        let installed = ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(Ending::Interrupted as i32);
            }
            warn("\nstopping: writing what is complete; Ctrl-C again ends without writing");
        });
        if let Err(error) = installed {
            warn(&format!(
                "note: Ctrl-C will end the program without writing results ({error})"
            ));
        }
        interruption
    }

    /// Whether Ctrl-C was pressed since.
    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
