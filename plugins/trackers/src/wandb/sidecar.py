"""Runs of Weights & Biases for lossnet.

Requests come as lines of JSON on standard input, one at a time, and each is answered by a line of JSON on standard
output: {"ok": ...} or {"error": ..., "help": ...}. The end of the input ends the process: lossnet is through, or dead.
"""

import json
import os
import queue
import signal
import sys
import threading

# How long runs may take to end when lossnet is gone, in seconds.
LAST_WORDS = 30
# The points of curves that a run has, in its folder: "step name" a line. Nothing is logged twice.
POINTS = "lossnet-points.txt"


class Failure(Exception):
    def __init__(self, message, help=None):
        super().__init__(message)
        self.help = help


def load():
    try:
        import wandb
    except ImportError as error:
        name = sys.executable or "python3"
        raise Failure(
            f"the Python {name} can't import the package wandb: {error}",
            f"run `{name} -m pip install wandb`, or set `python` under [trackers.wandb] to a Python that has it",
        )
    return wandb


class Run:
    """A cell's run."""

    def __init__(self, request):
        self.wandb = load()
        folder = request["folder"]
        os.makedirs(os.path.join(folder, "wandb"), exist_ok=True)
        options = dict(
            project=request["project"],
            entity=request["entity"],
            id=request["id"],
            name=request["name"],
            group=request["group"],
            job_type=request["job_type"],
            notes=request["notes"] or None,
            tags=request["tags"],
            config=request["config"],
            mode=request["mode"],
            dir=folder,
            resume="allow",
            reinit="create_new",
            settings=self.wandb.Settings(
                console="off", silent=True, disable_git=True, disable_code=True, x_disable_stats=True, init_timeout=60
            ),
        )
        try:
            self.run = self.wandb.init(**options)
        except TypeError as error:
            raise Failure(f"wandb {self.wandb.__version__} is too old: {error}", "update it: pip install -U wandb")
        # A run's rows have numbers that only grow, whichever attempt writes them.
        self.row = self.run.step
        self.known = set()
        self.stages = set()
        path = os.path.join(folder, "wandb", POINTS)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as lines:
                for line in lines:
                    step, _, name = line.rstrip("\n").partition(" ")
                    if line.endswith("\n") and step.isdigit():
                        self.known.add((name, int(step)))
            self.row = max(self.row, len(self.known))
        self.points = open(path, "a", encoding="utf-8")

    def stage(self, name):
        """The key that a curve's steps are logged under: each stage counts its own."""
        stage, slash, _ = name.partition("/")
        key = f"{stage}/step" if slash else "step"
        if name not in self.stages:
            self.stages.add(name)
            self.run.define_metric(key, hidden=True)
            self.run.define_metric(name, step_metric=key)
        return key

    def log(self, values, points):
        self.run.log(values, step=self.row, commit=True)
        self.row += 1
        for name, step in points:
            self.points.write(f"{step} {name}\n")
        self.points.flush()

    def curves(self, points):
        rows = {}
        for name, step, value in points:
            if (name, step) in self.known:
                continue
            self.known.add((name, step))
            key = self.stage(name)
            values, kept = rows.setdefault((key, step), ({key: step}, []))
            values[name] = float(value)
            kept.append((name, step))
        for values, kept in rows.values():
            self.log(values, kept)

    def image(self, name, step, path):
        known = "image " + name
        if (known, step) in self.known:
            return
        self.known.add((known, step))
        key = self.stage(name)
        self.log({key: step, name: self.wandb.Image(path)}, [(known, step)])

    def results(self, results):
        for name, value, best in results:
            # Which of several values the summary keeps, and so which of two runs is the better one.
            self.run.define_metric(name, summary=best)
            self.run.summary[name] = float(value)

    def finish(self, code, failure, checkpoints):
        if failure:
            self.run.summary["failure"] = failure
        if checkpoints and os.path.isdir(checkpoints):
            artifact = self.wandb.Artifact(f"checkpoints-{self.run.id}", type="model")
            artifact.add_dir(checkpoints)
            self.run.log_artifact(artifact)
        self.points.close()
        self.run.finish(exit_code=code)


class Sidecar:
    def __init__(self):
        self.runs = {}

    def answer(self, request):
        do, cell = request.pop("do"), request.pop("cell")
        if do == "start":
            self.runs[cell] = Run(request)
            return {"folder": self.runs[cell].run.dir}
        if do == "finish":
            return self.runs.pop(cell).finish(**request)
        return getattr(self.runs[cell], do)(**request)


def listen(requests):
    for line in sys.stdin:
        requests.put(line)
    # Whatever the main thread waits for: it does not outlive lossnet for long.
    timer = threading.Timer(LAST_WORDS, os._exit, [1])
    timer.daemon = True
    timer.start()
    requests.put(None)


def main():
    # What anything prints must not come among the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    # lossnet decides when to stop, and says so by closing the input.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    requests = queue.Queue()
    threading.Thread(target=listen, args=[requests], daemon=True).start()
    sidecar = Sidecar()
    while (line := requests.get()) is not None:
        try:
            answer = {"ok": sidecar.answer(json.loads(line))}
        except Failure as failure:
            answer = {"error": str(failure), "help": failure.help}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}", "help": None}
        try:
            answers.write(json.dumps(answer) + "\n")
        except BrokenPipeError:
            break
    for run in sidecar.runs.values():
        run.finish(137, "lossnet was killed", None)


main()
