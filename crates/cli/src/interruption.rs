//! Ctrl-C and the signals of a system that shuts down (SIGTERM) or of a terminal that closes (SIGHUP): each asks to finish. A second
//! Ctrl-C ends the program at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::output::warn;

/// The signal that came; 0 for none.
static SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Whether it was said that the program is stopping.
static IS_SAID: AtomicBool = AtomicBool::new(false);

/// Whether somebody asked to finish. To be had from [`listen`](Self::listen) alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interruption(());

impl Interruption {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        if let Err(error) = listen() {
            warn(&format!(
                "note: Ctrl-C will end the program without writing results ({error})"
            ));
        }
        Self(())
    }

    /// Whether somebody has asked to finish since.
    pub(crate) fn happened(self) -> bool {
        let happened = SIGNAL.load(Ordering::Relaxed) != 0;
        if happened && !IS_SAID.swap(true, Ordering::Relaxed) {
            warn("\nstopping: writing what is complete; Ctrl-C again ends without writing");
        }
        happened
    }
}

/// 128 and the signal's number, as shells have it; that of Ctrl-C where none came.
pub(crate) fn exit_code() -> u8 {
    let signal = match SIGNAL.load(Ordering::Relaxed) {
        0 => SIGINT as usize,
        signal => signal,
    };
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

fn listen() -> std::io::Result<()> {
    let is_second = Arc::new(AtomicBool::new(false));
    flag::register_conditional_shutdown(SIGINT, 128 + SIGINT, Arc::clone(&is_second))?;
    flag::register(SIGINT, is_second)?;
    for signal in [SIGINT, SIGTERM] {
        flag::register_usize(signal, Arc::clone(&SIGNAL), signal as usize)?;
    }
    #[cfg(unix)]
    if !outlives_its_terminal() {
        use signal_hook::consts::SIGHUP;
        flag::register_usize(SIGHUP, Arc::clone(&SIGNAL), SIGHUP as usize)?;
    }
    Ok(())
}

/// Whether the program was started to go on without its terminal, as by `nohup`. Only Linux says; elsewhere SIGHUP does what it
/// did.
#[cfg(unix)]
fn outlives_its_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask >> (signal_hook::consts::SIGHUP - 1) & 1 == 1)
}
