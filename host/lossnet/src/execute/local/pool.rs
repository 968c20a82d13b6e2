//! Workers at work side by side: each takes the next group when it has done one.

use std::collections::VecDeque;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lossnet_plugin_protocol::report::Progress;

use super::attempt::{Attempt, Ended, Said, outcomes};
use super::process::{Launch, Running};
use super::share::Share;
use crate::execute::tally::{label, tell_total};
use crate::execute::{Job, Policy, Tally, Work, tell_failures, worth_another};
use crate::failure::Failure;
use crate::terminal::WorkerEvent;
use crate::terminal::progress::Display;
use lossnet_core::model::Plan;
use lossnet_core::store::{ExperimentFolder, now};

/// How often it is looked whether the user wants to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The workers of one run.
pub(super) struct Pool<'a, 'j> {
    job: &'j Job<'a>,
    shared: Shared<'a, 'j>,
}

/// What the threads that mind workers share.
struct Shared<'a, 'j> {
    plan: &'a Plan,
    experiment: &'a ExperimentFolder,
    display: &'j Display,
    launch: Launch<'a>,
    policy: Policy,
    shares: Vec<Share>,
    groups: usize,
    queue: Mutex<VecDeque<Attempt<'a>>>,
    state: Mutex<State>,
    /// Whether no group is to be begun any more.
    stopping: AtomicBool,
}

struct State {
    tally: Tally,
    /// The process of each worker, while it has one.
    running: Vec<Option<Arc<Running>>>,
    /// Cells that have come to an end, with those that were done before.
    ended: usize,
}

impl<'a, 'j> Pool<'a, 'j> {
    pub(super) fn new(job: &'j Job<'a>, work: Vec<Work<'a>>, shares: Vec<Share>) -> Pool<'a, 'j> {
        let open: usize = work.iter().map(|work| work.cells.len()).sum();
        let attempt = |(number, work)| Attempt { work, number, retries: job.policy.retries };
        let queue: VecDeque<Attempt<'a>> = work.into_iter().enumerate().map(attempt).collect();
        let running = shares.iter().map(|_| None).collect();
        let state = State { tally: Tally::default(), running, ended: job.plan.cells.len() - open };
        Pool {
            job,
            shared: Shared {
                plan: job.plan,
                experiment: job.experiment,
                display: &job.context.display,
                launch: Launch { logs: job.logs, options: job.context.worker_options() },
                policy: job.policy,
                shares,
                groups: queue.len(),
                queue: Mutex::new(queue),
                state: Mutex::new(state),
                stopping: AtomicBool::new(false),
            },
        }
    }

    /// Runs until all groups have come to an end or the user wants to stop.
    pub(super) fn run(self) -> Result<Tally, Failure> {
        let Pool { job, shared } = self;
        let mut asked = 0;
        shared.show_total();
        let failed = std::thread::scope(|scope| {
            let shared = &shared;
            let minders: Vec<_> =
                (0..shared.shares.len()).map(|slot| scope.spawn(move || shared.mind(slot))).collect();
            while minders.iter().any(|minder| !minder.is_finished()) {
                std::thread::sleep(LOOK_EVERY);
                if job.context.take_interruption() {
                    asked += 1;
                    shared.stop(asked > 1);
                }
            }
            let ended = minders.into_iter().map(|minder| match minder.join() {
                Ok(ended) => ended,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            // All are waited for.
            let ended: Vec<Result<(), Failure>> = ended.collect();
            ended.into_iter().find_map(Result::err)
        });
        shared.display.clear();
        let mut tally = shared.state.into_inner().unwrap_or_else(PoisonError::into_inner).tally;
        // Workers that a failure has stopped were not interrupted by the user.
        let failed_fast = job.policy.fail_fast && tally.failed > 0;
        tally.interrupted = asked > 0 || (tally.interrupted && !failed_fast);
        failed.map_or(Ok(tally), Err)
    }
}

impl<'a> Shared<'a, '_> {
    /// Gives groups to one worker after the other until there are none left.
    fn mind(&self, slot: usize) -> Result<(), Failure> {
        loop {
            let next =
                if self.stopping.load(Ordering::SeqCst) { None } else { lock(&self.queue).pop_front() };
            let Some(attempt) = next else { return Ok(()) };
            if let Err(failure) = self.attempt(slot, &attempt) {
                // What can't be recorded here can't be recorded for other groups either.
                self.stop(false);
                return Err(failure);
            }
        }
    }

    /// One attempt at a group, and what follows from how it ended.
    fn attempt(&self, slot: usize, attempt: &Attempt<'a>) -> Result<(), Failure> {
        let name = format!("worker {}", slot + 1);
        let Work { group, cells } = &attempt.work;
        let group = label(attempt.number, self.groups, group, cells.len());
        self.display.say(&format!("{name}: {group}"));
        let mut said = Said::default();
        let Some(ended) = self.work(slot, &name, attempt, &mut said)? else { return Ok(()) };
        let mut outcomes = outcomes(attempt, said, &ended, self.experiment)?;
        let again: Vec<_> =
            outcomes.iter().filter(|(_, outcome)| worth_another(outcome)).map(|(cell, _)| *cell).collect();
        let retry = attempt.retries > 0 && !again.is_empty() && !self.stopping.load(Ordering::SeqCst);
        tell_failures(&outcomes, self.display);
        if retry {
            outcomes.retain(|(_, outcome)| !worth_another(outcome));
            self.display.say(&format!("{name}: {group} is tried again"));
            lock(&self.queue).push_front(Attempt {
                work: Work { group: attempt.work.group, cells: again },
                retries: attempt.retries - 1,
                number: attempt.number,
            });
        }
        let mut state = lock(&self.state);
        state.ended += outcomes.len();
        state.tally.count(&outcomes);
        let failed = state.tally.failed > 0;
        drop(state);
        self.show_total();
        if failed && self.policy.fail_fast {
            self.stop(false);
        }
        Ok(())
    }

    /// Runs a worker for a group, showing what it says. `None` if work was to stop before it began.
    fn work(
        &self,
        slot: usize,
        name: &str,
        attempt: &Attempt<'a>,
        said: &mut Said,
    ) -> Result<Option<Ended>, Failure> {
        let plan = serde_json::to_vec(&attempt.plan(self.plan)).map_err(|error| Failure::run(&error))?;
        // A file without a name, which goes with this process however it ends; the worker opens it through this process.
        let mut file = tempfile::tempfile()?;
        file.write_all(&plan)?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        let began = now();
        let running = {
            let mut state = lock(&self.state);
            // Under the lock, so that who stops finds every process that was started before.
            if self.stopping.load(Ordering::SeqCst) {
                return Ok(None);
            }
            let share = &self.shares[slot];
            let threads = share.threads(attempt.work.cells[0].config.run.threads as usize);
            let running = Arc::new(self.launch.start(Path::new(&path), share, threads)?);
            state.running[slot] = Some(Arc::clone(&running));
            running
        };
        let waited = running.wait(
            |event| match said.take(event) {
                Some(WorkerEvent::Progress(progress)) => {
                    let stage = format!("{name}: {}", progress.stage);
                    self.display.progress(&Progress { stage, ..progress });
                }
                Some(WorkerEvent::Notice(text)) => self.display.note(&format!("{name}: {text}")),
                Some(WorkerEvent::Warning(text)) => self.display.warn(&format!("{name}: {text}")),
                _ => {}
            },
            |line| self.display.above(&format!("{name}: {line}")),
        );
        let stopped = self.stopping.load(Ordering::SeqCst);
        lock(&self.state).running[slot] = None;
        self.display.forget(&format!("{name}: "));
        let (status, tail) = waited?;
        Ok(Some(Ended { status, tail, began, stopped }))
    }

    /// Begins no more groups and asks all workers to stop at the end of their steps, or ends them at once.
    fn stop(&self, at_once: bool) {
        self.stopping.store(true, Ordering::SeqCst);
        for running in lock(&self.state).running.iter().flatten() {
            if at_once {
                running.kill();
            } else {
                running.ask_to_stop();
            }
        }
    }

    fn show_total(&self) {
        let ended = lock(&self.state).ended;
        tell_total(ended, self.plan.cells.len(), self.display);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
