//! One tracker and the thread that calls it: whatever the tracker does, the run goes on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use lossnet_plugin_api::component::{Track, TrackedCell};
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::Report;

use super::queue::{Ending, Item, Queue};

/// How many points of curves may wait for a slow tracker.
const CAPACITY: usize = 10_000;

/// A tracker that failed for so many cells one after the other is not asked for the rest of the group.
const FAILURES_IN_A_ROW: usize = 2;

/// Starts a tracker on a cell.
pub(super) type Start = Box<dyn Fn(&TrackedCell) -> Result<Box<dyn Track>, PluginError> + Send>;

/// A tracker at work on the cells of a group.
#[derive(Debug)]
pub(super) struct Follower {
    name: String,
    queue: Arc<Queue>,
}

impl Follower {
    /// Begins a thread that calls the tracker of this name and plugin.
    pub(super) fn new(
        (name, plugin): (&str, &str),
        cells: Arc<Vec<TrackedCell>>,
        start: Start,
    ) -> std::io::Result<Follower> {
        let queue = Arc::new(Queue::new(CAPACITY));
        let mut caller = Caller {
            name: name.to_owned(),
            plugin: plugin.to_owned(),
            followed: cells.iter().map(|_| Followed::NotYet).collect(),
            cells,
            start,
            queue: Arc::clone(&queue),
            failures: 0,
            in_a_row: 0,
        };
        std::thread::Builder::new().name(format!("tracker-{name}")).spawn(move || caller.run())?;
        Ok(Follower { name: name.to_owned(), queue })
    }

    /// Lets the tracker hear of a point of a curve when it comes to it.
    pub(super) fn point(&self, cell: usize, report: &Report) {
        self.queue.push(Item::Point(cell, Box::new(report.clone())));
    }

    /// Lets the tracker hear of these reports in any case.
    pub(super) fn reports(&self, cell: usize, reports: &Arc<Vec<Report>>) {
        self.queue.push(Item::Reports(cell, Arc::clone(reports)));
    }

    /// Lets the tracker hear that the cell is over.
    pub(super) fn end(&self, cell: usize, ending: Ending) {
        self.queue.push(Item::End(cell, ending));
    }

    /// Whether points were dropped so far.
    pub(super) fn has_dropped(&self) -> bool {
        self.queue.dropped() > 0
    }

    /// What the user is to be told by now. A tracker that has been in one call for longer than `limit` is left alone.
    pub(super) fn notices(&self, limit: Duration) -> Vec<String> {
        if self.queue.abandon_after(limit) {
            self.queue.notice(self.too_slow(limit));
        }
        self.queue.take_notices()
    }

    /// Waits until the tracker is through, within limits, and returns what the user is to be told.
    pub(super) fn wait(&self, limit: Duration, total: Duration, complete: bool) -> Vec<String> {
        self.queue.close();
        let exceeded = self.queue.wait(limit, total);
        let mut notices = self.queue.take_notices();
        let dropped = self.queue.dropped();
        if let Some(exceeded) = exceeded {
            notices.push(self.too_slow(exceeded));
        } else if self.queue.is_done() && dropped > 0 {
            let later = if complete { "it got them at the end" } else { "it gets them when the run goes on" };
            notices.push(format!(
                "the tracker `{}` could not keep up: {dropped} points of curves did not reach it at once, {later}",
                self.name
            ));
        }
        notices
    }

    fn too_slow(&self, limit: Duration) -> String {
        let dropped = match self.queue.dropped() {
            0 => String::new(),
            dropped => format!("; {dropped} points of curves were dropped before"),
        };
        format!(
            "the tracker `{}` did not answer for {:.0} s and is left alone; the run goes on without it{dropped}",
            self.name,
            limit.as_secs_f64()
        )
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // The thread ends when it is through, also where an error kept the run from waiting for it.
        self.queue.close();
    }
}

/// How a cell stands with the tracker.
enum Followed {
    NotYet,
    Now(Box<dyn Track>),
    /// It is over, or the tracker failed.
    NoMore,
}

/// The thread's side.
struct Caller {
    name: String,
    plugin: String,
    cells: Arc<Vec<TrackedCell>>,
    followed: Vec<Followed>,
    start: Start,
    queue: Arc<Queue>,
    failures: usize,
    in_a_row: usize,
}

impl Caller {
    fn run(&mut self) {
        while let Some(item) = self.queue.next() {
            let (Item::Point(cell, _) | Item::Reports(cell, _) | Item::End(cell, _)) = &item;
            let cell = *cell;
            if let Err(error) = self.take(item) {
                self.followed[cell] = Followed::NoMore;
                self.failures += 1;
                self.in_a_row += 1;
                self.tell(cell, &error);
                if self.in_a_row >= FAILURES_IN_A_ROW {
                    self.followed.fill_with(|| Followed::NoMore);
                }
            }
        }
        if self.failures > 1 {
            let text = format!("the tracker `{}` failed for {} cells", self.name, self.failures);
            self.once(text);
        }
        // Dropping what plugins made is a call, too.
        let followed = std::mem::take(&mut self.followed);
        let _ = self.queue.call(move || drop(followed));
        self.queue.done();
    }

    fn take(&mut self, item: Item) -> Result<(), PluginError> {
        match item {
            Item::Point(cell, report) => self.report(cell, &report),
            Item::Reports(cell, reports) => reports.iter().try_for_each(|report| self.report(cell, report)),
            Item::End(cell, ending) => self.end(cell, &ending),
        }
    }

    fn report(&mut self, cell: usize, report: &Report) -> Result<(), PluginError> {
        let queue = Arc::clone(&self.queue);
        let Some(track) = self.track(cell)? else { return Ok(()) };
        queue.call(|| track.report(report)).unwrap_or(Ok(()))
    }

    fn end(&mut self, cell: usize, ending: &Ending) -> Result<(), PluginError> {
        // There is nothing to be said about a cell of which nothing was heard.
        if *ending == Ending::Interrupted && matches!(self.followed.get(cell), Some(Followed::NotYet)) {
            return Ok(());
        }
        let queue = Arc::clone(&self.queue);
        let Some(track) = self.track(cell)? else { return Ok(()) };
        queue
            .call(|| match ending {
                Ending::Complete => track.finish(None),
                Ending::Failed(message) => track.finish(Some(message)),
                Ending::Interrupted => track.pause(),
            })
            .unwrap_or(Ok(()))?;
        self.followed[cell] = Followed::NoMore;
        self.in_a_row = 0;
        Ok(())
    }

    /// What follows the cell, begun if it is not yet; none where the cell is followed no more.
    fn track(&mut self, cell: usize) -> Result<Option<&mut Box<dyn Track>>, PluginError> {
        let (Some(followed), Some(about)) = (self.followed.get_mut(cell), self.cells.get(cell)) else {
            return Ok(None);
        };
        if matches!(followed, Followed::NotYet) {
            match self.queue.call(|| (self.start)(about)) {
                Some(track) => *followed = Followed::Now(track?),
                None => *followed = Followed::NoMore,
            }
        }
        Ok(match followed {
            Followed::Now(track) => Some(track),
            Followed::NotYet | Followed::NoMore => None,
        })
    }

    fn tell(&self, cell: usize, error: &PluginError) {
        let mut text = format!(
            "the tracker `{}` of {} failed, and the run goes on: {}",
            self.name, self.plugin, error.message
        );
        for cause in error.told_causes() {
            text.push_str(": ");
            text.push_str(cause);
        }
        if let Some(help) = &error.help {
            text.push_str("; ");
            text.push_str(help);
        }
        tracing::debug!(cell = self.cells[cell].id, "{text}");
        self.once(text);
    }

    /// Tells the user something that this process has not told yet: groups often fail for the same reason.
    fn once(&self, text: String) {
        static TOLD: OnceLock<Mutex<HashSet<String>>> = OnceLock::new();
        let told = TOLD.get_or_init(Mutex::default);
        if told.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
            self.queue.notice(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use lossnet_plugin_protocol::report::Scalar;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(20);

    /// Says what it hears; waits for a word before each report if it has someone to hear it from.
    struct Parrot {
        cell: String,
        said: Sender<String>,
        wait: Option<Arc<Mutex<Receiver<()>>>>,
        fails: bool,
    }

    impl Track for Parrot {
        fn report(&mut self, report: &Report) -> Result<(), PluginError> {
            if let Some(wait) = &self.wait {
                let _ = wait.lock().unwrap().recv();
            }
            if self.fails {
                return Err(PluginError::run(format!("no room for {}", self.cell)).with_help("make some"));
            }
            let Report::Scalar(scalar) = report else { return Ok(()) };
            self.said.send(format!("{} {}", self.cell, scalar.step)).unwrap();
            Ok(())
        }

        fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError> {
            self.said.send(format!("{} finished {failure:?}", self.cell)).unwrap();
            Ok(())
        }

        fn pause(&mut self) -> Result<(), PluginError> {
            self.said.send(format!("{} paused", self.cell)).unwrap();
            Ok(())
        }
    }

    fn point(step: u64) -> Report {
        Report::Scalar(Scalar { name: "train/loss".to_owned(), step, value: 0.5 })
    }

    fn follower(
        name: &str,
        cells: usize,
        wait: Option<Receiver<()>>,
        fails: fn(&str) -> bool,
    ) -> (Follower, Receiver<String>) {
        let (said, heard) = channel();
        let cell = |id: usize| TrackedCell { id: id.to_string(), ..TrackedCell::default() };
        let cells: Vec<TrackedCell> = (0..cells).map(cell).collect();
        let wait = wait.map(|wait| Arc::new(Mutex::new(wait)));
        let start: Start = Box::new(move |cell| {
            let (cell, said, wait) = (cell.id.clone(), said.clone(), wait.clone());
            let fails = fails(&cell);
            Ok(Box::new(Parrot { cell, said, wait, fails }))
        });
        (Follower::new((name, "p 1.0.0"), Arc::new(cells), start).unwrap(), heard)
    }

    #[test]
    fn reports_and_ends_arrive_in_order() {
        let (follower, heard) = follower("orderly", 3, None, |_| false);
        follower.point(0, &point(1));
        follower.reports(1, &Arc::new(vec![point(1), point(2)]));
        follower.end(0, Ending::Complete);
        follower.end(1, Ending::Failed("no luck".to_owned()));
        // Nothing was heard of this one.
        follower.end(2, Ending::Interrupted);
        assert!(follower.wait(LONG, LONG, true).is_empty());
        let said: Vec<String> = heard.try_iter().collect();
        assert_eq!(said, ["0 1", "1 1", "1 2", "0 finished None", "1 finished Some(\"no luck\")"]);
    }

    #[test]
    fn a_cell_that_failed_is_left_and_the_others_go_on() {
        let (follower, heard) = follower("choosy", 2, None, |cell| cell == "0");
        for step in 1..=3 {
            follower.point(0, &point(step));
            follower.point(1, &point(step));
        }
        follower.end(0, Ending::Interrupted);
        follower.end(1, Ending::Interrupted);
        let notices = follower.wait(LONG, LONG, true);
        let expected =
            "the tracker `choosy` of p 1.0.0 failed, and the run goes on: no room for 0; make some";
        assert_eq!(notices, [expected]);
        let said: Vec<String> = heard.try_iter().collect();
        assert_eq!(said, ["1 1", "1 2", "1 3", "1 paused"]);
    }

    #[test]
    fn a_tracker_that_fails_again_and_again_is_not_asked_any_more() {
        let (follower, heard) = follower("hopeless", 5, None, |_| true);
        for cell in 0..5 {
            follower.point(cell, &point(1));
            follower.end(cell, Ending::Complete);
        }
        let notices = follower.wait(LONG, LONG, true);
        assert!(notices[0].contains("no room for 0"), "{notices:?}");
        assert_eq!(notices.last().unwrap(), "the tracker `hopeless` failed for 2 cells");
        assert_eq!(heard.try_iter().count(), 0);
    }

    #[test]
    fn a_call_that_does_not_return_is_left_alone() {
        let (go_on, wait) = channel();
        let (follower, heard) = follower("stuck", 1, Some(wait), |_| false);
        follower.point(0, &point(1));
        while follower.queue.push(Item::Point(0, Box::new(point(2)))) {}
        assert_eq!(follower.queue.dropped(), 1);
        std::thread::sleep(2 * SHORT);
        let notices = follower.notices(SHORT);
        assert_eq!(notices.len(), 1);
        assert!(notices[0].contains("`stuck` did not answer") && notices[0].contains("1 points of curves"));
        // What comes now is not waited for, and nobody is told twice.
        follower.reports(0, &Arc::new(vec![point(3)]));
        follower.end(0, Ending::Complete);
        assert!(follower.notices(SHORT).is_empty());
        let began = std::time::Instant::now();
        assert!(follower.wait(LONG, LONG, true).is_empty());
        assert!(began.elapsed() < LONG / 2);
        // The call returns at last: nothing follows it.
        go_on.send(()).unwrap();
        assert_eq!(heard.recv_timeout(LONG).unwrap(), "0 1");
        drop(go_on);
        assert!(heard.recv_timeout(SHORT).is_err());
    }

    #[test]
    fn a_tracker_that_hangs_at_the_end_is_waited_for_within_limits() {
        let (_go_on, wait) = channel();
        let (follower, _heard) = follower("late", 1, Some(wait), |_| false);
        follower.point(0, &point(1));
        follower.end(0, Ending::Complete);
        let notices = follower.wait(SHORT, LONG, true);
        assert_eq!(notices.len(), 1);
        assert!(notices[0].contains("`late` did not answer for 0 s"), "{notices:?}");
    }
}
