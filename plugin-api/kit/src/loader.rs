//! Loads samples in threads, ahead of their use, in order and within bounds.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, PoisonError};

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Run, Samples};
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::protocol::sample::Sample;

/// How samples are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoaderOptions {
    /// Threads that load; 0 for as many as the machine has cores.
    pub threads: usize,
    /// Samples per batch, at least 1.
    pub batch_size: usize,
    /// Batches that may be loaded ahead, at least 1. What is loaded and not yet used is never more.
    pub ahead: usize,
}

impl LoaderOptions {
    /// Batches of this size, loaded by as many threads as the run allows.
    pub fn of(run: &dyn Run, batch_size: usize) -> LoaderOptions {
        let batch_size = batch_size.max(1);
        LoaderOptions { threads: run.context().num_workers, batch_size, ..LoaderOptions::default() }
    }

    /// The same for what is only evaluated: in batches of [`evaluation_batch`].
    pub fn for_evaluation(run: &dyn Run, batch_size: usize) -> LoaderOptions {
        LoaderOptions::of(run, evaluation_batch(run, batch_size))
    }
}

impl Default for LoaderOptions {
    fn default() -> Self {
        LoaderOptions { threads: 0, batch_size: 50, ahead: 2 }
    }
}

/// How many samples are evaluated at once where `wanted` would be: fewer after memory has run out. What is found must not
/// depend on it; a batch that is trained on stays as it is.
pub fn evaluation_batch(run: &dyn Run, wanted: usize) -> usize {
    let context = run.context();
    if context.short_of_memory { wanted.min(context.batch_size).max(1) } else { wanted.max(1) }
}

/// Loads the samples of a range, makes something of each in the loading threads, and hands batches of them to `consume`
/// in the order of the dataset. The last batch may be smaller.
///
/// `prepare` turns a sample into what is needed of it, such as resized images. Stops at the first error, which is that of
/// the earliest sample in order; an error of `consume` stops it, too. An error of loading has the sample's position in its
/// message, one of `prepare` the sample's id. A panic in either becomes an error of that sample.
pub fn for_each_batch<T: Send>(
    samples: &dyn Samples,
    range: Range<usize>,
    options: LoaderOptions,
    prepare: impl Fn(Sample) -> Result<T, PluginError> + Sync,
    consume: impl FnMut(Vec<T>) -> Result<(), PluginError>,
) -> Result<(), PluginError> {
    let positions: Vec<usize> = range.collect();
    let batches: Vec<Vec<usize>> =
        positions.chunks(options.batch_size.max(1)).map(<[usize]>::to_vec).collect();
    load_batches(samples, &batches, options, |_, sample| prepare(sample), consume)
}

/// As [`for_each_batch`], with the samples of each batch named by their positions, in any order; `prepare` is told the
/// position. The batches are what they are: [`LoaderOptions::batch_size`] says nothing here.
pub fn load_batches<T: Send>(
    samples: &dyn Samples,
    batches: &[Vec<usize>],
    options: LoaderOptions,
    prepare: impl Fn(usize, Sample) -> Result<T, PluginError> + Sync,
    mut consume: impl FnMut(Vec<T>) -> Result<(), PluginError>,
) -> Result<(), PluginError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if options.threads == 0 { cores } else { options.threads };
    let order: Vec<usize> = batches.iter().flatten().copied().collect();
    let largest = batches.iter().map(Vec::len).max().unwrap_or(0);
    let queue = Queue::new(0..order.len(), largest * (options.ahead.max(1) + 1));
    std::thread::scope(|scope| {
        for _ in 0..threads.min(order.len()) {
            scope.spawn(|| {
                while let Some(place) = queue.next_to_load() {
                    let index = order[place];
                    // A sample that never came would be waited for without end.
                    let loaded = catch_unwind(AssertUnwindSafe(|| load(samples, index, &prepare)));
                    queue.put(place, loaded.unwrap_or_else(|payload| Err(panicked(index, &*payload))));
                }
            });
        }
        // However this ends, the threads are told to stop.
        let _stop = StopOnDrop(&queue);
        let mut place = 0;
        for batch in batches {
            let loaded: Result<Vec<T>, PluginError> =
                (place..place + batch.len()).map(|place| queue.take(place)).collect();
            place += batch.len();
            consume(loaded?)?;
        }
        Ok(())
    })
}

fn load<T>(
    samples: &dyn Samples,
    index: usize,
    prepare: &impl Fn(usize, Sample) -> Result<T, PluginError>,
) -> Result<T, PluginError> {
    let sample = samples.sample(index).map_err(|error| error.context(format_args!("sample {index}")))?;
    let id = sample.id.clone();
    prepare(index, sample).map_err(|error| error.context(format_args!("sample {id}")))
}

fn panicked(index: usize, payload: &(dyn Any + Send)) -> PluginError {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    PluginError::new(ErrorKind::Panic, format!("sample {index}: the code panicked: {text}"))
}

/// What is loaded and not yet taken.
struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    end: usize,
    /// Samples that may be loaded before the first of them is taken.
    window: usize,
}

struct State<T> {
    next: usize,
    taken: usize,
    stopped: bool,
    loaded: BTreeMap<usize, Result<T, PluginError>>,
}

impl<T> Queue<T> {
    fn new(range: Range<usize>, window: usize) -> Queue<T> {
        let state = State { next: range.start, taken: range.start, stopped: false, loaded: BTreeMap::new() };
        Queue { state: Mutex::new(state), changed: Condvar::new(), end: range.end, window }
    }

    /// The next sample to load, once there is room for it; `None` when there is none left.
    fn next_to_load(&self) -> Option<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.stopped || state.next >= self.end {
                return None;
            }
            if state.next < state.taken + self.window {
                state.next += 1;
                return Some(state.next - 1);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn put(&self, index: usize, loaded: Result<T, PluginError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.loaded.insert(index, loaded);
        self.changed.notify_all();
    }

    fn take(&self, index: usize) -> Result<T, PluginError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(loaded) = state.loaded.remove(&index) {
                state.taken = index + 1;
                self.changed.notify_all();
                return loaded;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct StopOnDrop<'a, T>(&'a Queue<T>);

impl<T> Drop for StopOnDrop<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stopped = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Samples named by their position; one may be broken.
    struct Numbers {
        count: usize,
        broken: Option<usize>,
        loaded: AtomicUsize,
    }

    impl Samples for Numbers {
        fn len(&self) -> usize {
            self.count
        }

        fn sample(&self, index: usize) -> Result<Sample, PluginError> {
            self.loaded.fetch_add(1, Ordering::SeqCst);
            // Later samples of a group of eight are ready first.
            std::thread::sleep(std::time::Duration::from_micros(200 * (8 - index as u64 % 8)));
            if self.broken == Some(index) {
                return Err(PluginError::input("the file is cut off"));
            }
            Ok(Sample { id: index.to_string(), group: String::new(), fields: Vec::new() })
        }
    }

    fn numbers(count: usize, broken: Option<usize>) -> Numbers {
        Numbers { count, broken, loaded: AtomicUsize::new(0) }
    }

    const OPTIONS: LoaderOptions = LoaderOptions { threads: 3, batch_size: 4, ahead: 1 };

    #[test]
    fn batches_come_in_order_and_whole() {
        let samples = numbers(30, None);
        let mut sizes = Vec::new();
        let mut ids = Vec::new();
        for_each_batch(
            &samples,
            3..30,
            OPTIONS,
            |sample| Ok(sample.id),
            |batch| {
                sizes.push(batch.len());
                ids.extend(batch);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(sizes, [4, 4, 4, 4, 4, 4, 3]);
        assert_eq!(ids, (3..30).map(|index| index.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn no_more_is_loaded_than_the_window_allows() {
        let samples = numbers(100, None);
        let mut taken = 0;
        for_each_batch(&samples, 0..100, OPTIONS, Ok, |batch| {
            taken += batch.len();
            std::thread::sleep(std::time::Duration::from_millis(5));
            let ahead = samples.loaded.load(Ordering::SeqCst) - taken;
            assert!(ahead <= 8, "{ahead} samples were loaded ahead");
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn the_first_broken_sample_is_named_after_what_came_before_it() {
        let samples = numbers(40, Some(9));
        let mut seen = 0;
        let error = for_each_batch(&samples, 0..40, OPTIONS, Ok, |batch| {
            seen += batch.len();
            Ok(())
        })
        .unwrap_err();
        assert_eq!(error.to_string(), "sample 9: the file is cut off");
        assert_eq!(seen, 8);
    }

    #[test]
    fn errors_and_panics_of_preparing_name_the_sample() {
        let samples = numbers(20, None);
        let run = |prepare: fn(Sample) -> Result<(), PluginError>| {
            for_each_batch(&samples, 0..20, OPTIONS, prepare, |_| Ok(())).unwrap_err()
        };
        let error = run(|sample| match sample.id.as_str() {
            "13" => Err(PluginError::input("too small")),
            _ => Ok(()),
        });
        assert_eq!(error.to_string(), "sample 13: too small");
        let error = run(|sample| {
            assert_ne!(sample.id, "7", "seven is not prepared");
            Ok(())
        });
        assert_eq!(error.kind, ErrorKind::Panic);
        let message = error.to_string();
        assert!(
            message.starts_with("sample 7: the code panicked: ") && message.contains("seven"),
            "{message}"
        );
    }

    #[test]
    fn an_error_of_the_user_stops_the_loading() {
        let samples = numbers(1000, None);
        let stop = for_each_batch(&samples, 0..1000, OPTIONS, Ok, |_| Err(PluginError::interrupted()));
        assert_eq!(stop.unwrap_err(), PluginError::interrupted());
        assert!(samples.loaded.load(Ordering::SeqCst) < 30);
        for_each_batch(&samples, 0..0, OPTIONS, Ok, |_| Ok(())).unwrap();
    }
}
