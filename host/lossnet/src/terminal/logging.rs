//! The log: to stderr, above the progress bars.

use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::output;
use super::progress::Display;

/// Sends the log to the display. `LOSSNET_LOG` overrides what -v and -q say, in the form of `RUST_LOG`.
pub(crate) fn start(verbose: u8, quiet: u8, display: &Display) {
    let level = match (verbose, quiet) {
        (0, 0 | 1) => "warn",
        (0, _) => "error",
        (1, _) => "lossnet=info,lossnet_engine=info,warn",
        (2, _) => "lossnet=debug,lossnet_engine=debug,info",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("LOSSNET_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Above(display.clone()))
        .with_ansi(std::io::stderr().is_terminal() && !output::no_color())
        .without_time()
        .with_target(false)
        .finish();
    // Fails only if a log was started before, as in tests that share a process.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

struct Above(Display);

struct Line<'a>(&'a Display);

impl<'a> MakeWriter<'a> for Above {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.above(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
