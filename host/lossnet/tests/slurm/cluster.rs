//! A real Slurm on this machine: a controller and two nodes of four processors each, whatever the machine has, with an
//! authentication service, ports and folders of their own. All of it ends with the test, also if that panics or is killed.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nodes of the cluster.
const NODES: [&str; 2] = ["n1", "n2"];

/// A running Slurm.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    /// Started in this order, ended in the reverse one.
    daemons: Vec<Child>,
}

/// Where a daemon is, if it is installed: Debian has them in /usr/sbin, which is not on everybody's PATH.
fn daemon(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Ports that nobody listens on.
fn free_ports<const N: usize>() -> [u16; N] {
    // All are taken before one is given back, so that they differ.
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn text_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Cluster {
    /// Brings a Slurm up whose arrays have at most this many tasks. None, with a sentence, where Slurm is not installed.
    pub(crate) fn start(most_tasks: u32) -> Option<Cluster> {
        let Some([munged, slurmctld, slurmd]) = daemons() else {
            assert!(
                std::env::var_os("LOSSNET_TEST_ALL").is_none(),
                "LOSSNET_TEST_ALL is set, and Slurm is not installed: install slurmctld, slurmd, slurm-client and munge"
            );
            eprintln!("skipped: slurmctld, slurmd and munged are not installed here");
            return None;
        };
        let mut cluster = Cluster { folder: tempfile::tempdir().unwrap(), daemons: Vec::new() };
        cluster.configure(most_tasks);
        let (key, socket) = (cluster.path("munge/key"), cluster.path("munge/socket"));
        let mut authentication = Command::new(munged);
        authentication.arg("--foreground");
        for (option, file) in [("socket", &socket), ("key-file", &key)] {
            authentication.arg(format!("--{option}={}", file.display()));
        }
        for (option, name) in
            [("log-file", "log/munged.log"), ("pid-file", "munge/pid"), ("seed-file", "munge/seed")]
        {
            authentication.arg(format!("--{option}={}", cluster.path(name).display()));
        }
        cluster.daemon(&authentication, "munged");
        cluster.wait_until("munged listens", || socket.exists());
        let config = cluster.config();
        let mut controller = Command::new(slurmctld);
        controller.arg("-D").arg("-f").arg(&config);
        cluster.daemon(&controller, "slurmctld");
        for name in NODES {
            let mut node = Command::new(&slurmd);
            node.args(["-D", "-N", name]).arg("-f").arg(&config);
            cluster.daemon(&node, name);
        }
        cluster.wait_until("all nodes are idle", || {
            let states = text_of(cluster.command("sinfo").args(["--noheader", "--Node", "--format=%T"]));
            states.lines().count() == NODES.len() && states.lines().all(|state| state == "idle")
        });
        Some(cluster)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration, for `SLURM_CONF`.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("slurm.conf")
    }

    /// A program of Slurm's, for this cluster.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.config());
        command
    }

    /// Runs a program of Slurm's that must work, and returns what it printed.
    pub(crate) fn must(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    fn configure(&self, most_tasks: u32) {
        for folder in ["munge", "state", "log"] {
            std::fs::create_dir(self.path(folder)).unwrap();
            // munged refuses folders that others may write to.
            std::fs::set_permissions(self.path(folder), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        // Any 32 bytes will do: nobody else talks to this cluster.
        std::fs::write(self.path("munge/key"), [7; 32]).unwrap();
        std::fs::set_permissions(self.path("munge/key"), std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(self.config(), self.configuration(most_tasks)).unwrap();
    }

    fn configuration(&self, most_tasks: u32) -> String {
        let folder = self.folder.path().display();
        let host = text_of(&mut Command::new("hostname"));
        let user = text_of(Command::new("id").arg("--user").arg("--name"));
        let [control, first, second] = free_ports();
        let mut text = format!(
            "ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket
SlurmctldPort={control}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/log/slurmctld.log
StateSaveLocation={folder}/state
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdLogFile={folder}/log/%n.log
SlurmdSpoolDir={folder}/spool.%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=100000,bf_interval=1
MpiDefault=none
MaxArraySize={most_tasks}
KillWait=20
ReturnToService=2
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"
        );
        for (name, port) in NODES.iter().zip([first, second]) {
            writeln!(
                text,
                "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory=4000 State=UNKNOWN"
            )
            .unwrap();
        }
        text
    }

    fn daemon(&mut self, program: &Command, name: &str) {
        let log = std::fs::File::create(self.path(&format!("log/{name}.out"))).unwrap();
        // It ends with the thread that started it, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program.get_program()).args(program.get_args());
        command.env("SLURM_CONF", self.config()).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.daemons.push(command.spawn().unwrap());
    }

    fn wait_until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let started = Instant::now();
        while !holds() {
            let patient = started.elapsed() < Duration::from_mins(1);
            assert!(patient, "Slurm did not get so far that {what}:\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The last that the daemons said.
    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        for name in ["munged", "slurmctld"].iter().chain(&NODES) {
            let said = std::fs::read_to_string(self.path(&format!("log/{name}.log"))).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            writeln!(text, "== {name}\n{}", lines[lines.len().saturating_sub(12)..].join("\n")).unwrap();
        }
        text
    }
}

fn daemons() -> Option<[PathBuf; 3]> {
    Some([daemon("munged")?, daemon("slurmctld")?, daemon("slurmd")?])
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What runs of jobs belongs to nobody once the nodes are gone.
        let _ = self
            .command("scancel")
            .args(["--signal=KILL", "--full", "--state=RUNNING", "--user"])
            .arg(user())
            .output();
        let _ = self.command("scancel").arg("--user").arg(user()).output();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10)
            && !text_of(self.command("squeue").args(["--noheader", "--states=RUNNING,COMPLETING"])).is_empty()
        {
            std::thread::sleep(Duration::from_millis(50));
        }
        for mut daemon in self.daemons.drain(..).rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        if std::thread::panicking() {
            // Where to look.
            eprintln!("{}", self.logs());
        }
    }
}

fn user() -> String {
    text_of(Command::new("id").arg("--user").arg("--name"))
}
