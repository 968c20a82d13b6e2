//! What each of several workers gets of the machine: a device, and a share of the cores.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::failure::Failure;

/// What one worker gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// What `run.device` is for it, where that is not what the config says.
    pub(super) device: Option<String>,
    /// `CUDA_VISIBLE_DEVICES`: the only GPU it sees, which is then `cuda:0` for it.
    pub(super) visible: Option<String>,
    /// The cores that it computes on; none: all.
    pub(super) cores: Vec<usize>,
}

impl Share {
    /// How many threads a worker computes with, where `wanted` of the config is 0: as many as it has cores; 0: libtorch's own
    /// choice.
    pub(super) fn threads(&self, wanted: usize) -> usize {
        if wanted > 0 { wanted } else { self.cores.len() }
    }
}

/// Shares the machine out among `workers` of them: devices go round, cores in equal parts. A single worker has all cores.
///
/// `devices` are `cpu`, `cuda` and `cuda:N`; without any, each worker takes what the config says.
pub(super) fn shares(workers: usize, devices: &[String]) -> Vec<Share> {
    let cores = if workers > 1 { cores() } else { Vec::new() };
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").ok();
    (0..workers)
        .map(|worker| {
            let device = (!devices.is_empty()).then(|| devices[worker % devices.len()].clone());
            let gpu = device.as_deref().and_then(|device| gpu(device, visible.as_deref()));
            let device = if gpu.is_some() { Some("cuda".to_owned()) } else { device };
            Share { device, visible: gpu, cores: part(&cores, worker, workers) }
        })
        .collect()
}

/// The GPU behind `cuda:N` as `CUDA_VISIBLE_DEVICES` names it; `now` is what that variable says already.
fn gpu(device: &str, now: Option<&str>) -> Option<String> {
    let number: usize = device.strip_prefix("cuda:")?.parse().ok()?;
    match now {
        // One that is hidden stays so: the worker finds that it is not there, and says it.
        Some(now) => {
            now.split(',').map(str::trim).nth(number).filter(|name| !name.is_empty()).map(str::to_owned)
        }
        None => Some(number.to_string()),
    }
}

/// Part number `worker` of `workers` equal parts; where there are fewer cores than workers, cores have several.
fn part(cores: &[usize], worker: usize, workers: usize) -> Vec<usize> {
    if cores.len() <= workers {
        return cores.get(worker % cores.len().max(1)).copied().into_iter().collect();
    }
    cores[worker * cores.len() / workers..(worker + 1) * cores.len() / workers].to_vec()
}

/// The cores that this process may use; none where the system does not say.
pub(super) fn cores() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(Pid::from_raw(0)) else { return Vec::new() };
    (0..CpuSet::count()).filter(|&core| set.is_set(core).unwrap_or(false)).collect()
}

/// Binds this process, and the threads that it starts from now on, to these cores.
///
/// Fails if there is no such core, or it may not be used.
pub(crate) fn bind(cores: &[usize]) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    let bound = cores.iter().try_for_each(|&core| set.set(core));
    bound
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set))
        .map_err(|error| Failure::usage(format!("the cores {cores:?} can't be used: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_shared_out_evenly() {
        let cores = [4, 5, 6, 7, 8];
        let parts: Vec<_> = (0..2).map(|worker| part(&cores, worker, 2)).collect();
        assert_eq!(parts, [vec![4, 5], vec![6, 7, 8]]);
        let parts: Vec<_> = (0..3).map(|worker| part(&[0, 1], worker, 3)).collect();
        assert_eq!(parts, [vec![0], vec![1], vec![0]]);
        assert_eq!(part(&[], 0, 2), Vec::<usize>::new());
    }

    #[test]
    fn devices_go_round_among_the_workers() {
        let devices = ["cpu".to_owned(), "cuda".to_owned()];
        let given: Vec<_> = shares(3, &devices).into_iter().map(|share| share.device).collect();
        assert_eq!(given, [Some("cpu".to_owned()), Some("cuda".to_owned()), Some("cpu".to_owned())]);
        assert_eq!(shares(1, &[])[0], Share { device: None, visible: None, cores: Vec::new() });
    }

    #[test]
    fn a_gpu_is_counted_among_those_that_can_be_seen() {
        assert_eq!(gpu("cuda:1", None).as_deref(), Some("1"));
        assert_eq!(gpu("cuda:1", Some("2,5")).as_deref(), Some("5"));
        assert_eq!(gpu("cuda:2", Some("2,5")), None);
        assert_eq!(gpu("cuda", None), None);
        assert_eq!(gpu("cpu", None), None);
    }

    #[test]
    fn this_process_has_a_core_at_least() {
        assert!(!cores().is_empty());
    }
}
