//! What the library's code warns of while a request is at work, told to the user.
//!
//! The engine is a library of its own with a log of its own: without this, warnings would go nowhere.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::caller::Caller;

/// Whose request is at work; the binary makes one after the other.
static AT_WORK: Mutex<Option<Arc<Caller>>> = Mutex::new(None);

/// Tells warnings to this caller until it is dropped.
#[derive(Debug)]
pub(crate) struct Told(());

/// From now on warnings are told to this caller.
pub(crate) fn tell(caller: &Arc<Caller>) -> Told {
    static STARTED: Once = Once::new();
    // Fails only if a log was started before, as by tests that share a process.
    STARTED.call_once(|| drop(tracing::subscriber::set_global_default(Warnings)));
    *at_work() = Some(Arc::clone(caller));
    Told(())
}

impl Drop for Told {
    fn drop(&mut self) {
        *at_work() = None;
    }
}

fn at_work() -> std::sync::MutexGuard<'static, Option<Arc<Caller>>> {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes warnings and nothing else.
struct Warnings;

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Only ours: what other libraries warn of means nothing to a user.
        *metadata.level() <= Level::WARN && metadata.target().starts_with("lossnet")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let caller = at_work().clone();
        if let Some(caller) = caller {
            caller.notice(text.0);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A warning's message.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}
