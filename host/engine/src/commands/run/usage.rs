//! What a group of cells costs: time, processor time, memory.

use std::time::Instant;

use lossnet_core::store::Spent;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// What this process uses from a moment on.
#[derive(Debug)]
pub(super) struct Usage {
    started: Instant,
    cpu: Option<f64>,
}

impl Usage {
    /// From now on.
    pub(super) fn begin() -> Usage {
        // Sets the peak back to what is in use now (proc_pid_clear_refs(5)). Where a kernel can't, the peak is that of the
        // whole process, groups before this one included.
        let _ = fs_err::write("/proc/self/clear_refs", "5");
        Usage { started: Instant::now(), cpu: cpu_seconds() }
    }

    /// What was used until now.
    pub(super) fn so_far(&self) -> Spent {
        Spent {
            seconds: self.started.elapsed().as_secs_f64(),
            cpu_seconds: self.cpu.and_then(|before| Some(cpu_seconds()? - before)),
            peak_memory: self.peak_memory(),
        }
    }

    /// The largest resident memory of the process, in bytes.
    #[expect(clippy::unused_self, reason = "the peak is the kernel's, and was set back at the beginning")]
    fn peak_memory(&self) -> Option<u64> {
        let status = fs_err::read_to_string("/proc/self/status").ok()?;
        let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = kibibytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }
}

/// The process's time on processor cores so far, in seconds.
fn cpu_seconds() -> Option<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    Some(microseconds as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn work_takes_time_and_memory() {
        let usage = Usage::begin();
        let before = usage.peak_memory().unwrap();
        let bytes = 64 << 20;
        let memory = vec![1u8; bytes];
        assert_eq!(std::hint::black_box(&memory).iter().map(|&byte| usize::from(byte)).sum::<usize>(), bytes);
        let peak = usage.peak_memory().unwrap();
        assert!(peak >= before && peak >= bytes as u64, "{before} {peak}");
        let Spent { seconds, cpu_seconds, .. } = usage.so_far();
        let cpu = cpu_seconds.unwrap();
        assert!(cpu > 0.0 && seconds > 0.0, "{cpu} {seconds}");
    }
}
