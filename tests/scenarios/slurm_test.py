#!/usr/bin/env python3
"""deploy/campaign/slurm.sh on a real Slurm: munged, slurmctld and slurmd on loopback, in a folder of
their own.

    slurm_test.py LEASEHOLD

What would be caught: options that sbatch refuses, tasks that play the same seeds or leave some out, a
task that cannot go on where its first try was killed.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = str(Path(sys.argv[1]).resolve())
SCRIPT = Path("deploy/campaign/slurm.sh").resolve()
SEEDS, TASKS = 60, 3
DAEMONS = ("munged", "slurmctld", "slurmd")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def configuration(folder, munge):
    control, node = free_ports(2)
    host = socket.gethostname().split(".")[0]
    return f"""ClusterName=leasehold
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={munge}
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
"""


class Cluster:
    """One node that is its own controller."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        for name in ("state", "spool", "munge"):
            (folder / name).mkdir(mode=0o755)
        key = folder / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        munge = folder / "munge" / "socket"
        self.start("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge}",
                   f"--pid-file={folder}/munge/pid", f"--log-file={folder}/munge/log",
                   f"--seed-file={folder}/munge/seed")
        conf = folder / "slurm.conf"
        conf.write_text(configuration(folder, munge))
        self.env = {**os.environ, "SLURM_CONF": str(conf)}
        self.until(munge.exists, "munged")
        self.start("slurmctld", "-D", "-f", str(conf), "-i")
        self.start("slurmd", "-D", "-f", str(conf))
        self.until(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"), "an idle node")

    def start(self, program, *words):
        with open(self.folder / f"{program}.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                [shutil.which(program), *words], stdout=log, stderr=log,
                env=getattr(self, "env", os.environ)))

    def ask(self, *words):
        return subprocess.run(words, capture_output=True, text=True, env=self.env,
                              timeout=60).stdout

    def until(self, holds, what):
        for _ in range(600):
            if holds():
                return
            time.sleep(0.1)
        logs = "".join(f"--- {p.name}\n{p.read_text(errors='replace')[-1500:]}"
                       for p in sorted(self.folder.glob("*.log")))
        raise RuntimeError(f"no {what} within a minute\n{logs}")

    def batch(self, *words):
        result = subprocess.run(["sbatch", "--wait", *words], capture_output=True, text=True,
                                env={**self.env, "LEASEHOLD": PROGRAM}, timeout=200,
                                cwd=self.folder)
        return result.returncode, result.stdout + result.stderr

    def end(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            process.wait(timeout=30)


def played(folder):
    return sum(json.loads(line)["runs"]
               for line in (folder / "results.ndjson").read_text().splitlines()[1:])


def campaign(cluster, folder):
    out = folder / "out"
    words = [f"--array=10-{10 + TASKS - 1}", "--mem=100", str(SCRIPT), "--seeds", f"1..{SEEDS}",
             "--families", "stop", "--no-shrink", "--quiet", "--out", str(out)]
    code, text = cluster.batch(*words)
    assert code in (0, 1, 2), text
    logs = "".join(p.read_text() for p in folder.glob("slurm-*.out"))
    shards = sorted(out.glob("shard-*"))
    assert [s.name for s in shards] == [f"shard-{i + 1}-of-{TASKS}" for i in range(TASKS)], logs
    assert [played(s) for s in shards] == [SEEDS // TASKS] * TASKS, logs
    before = [(s / "results.ndjson").read_bytes() for s in shards]
    # What a kill leaves of the second one: it plays the same again.
    results = shards[1] / "results.ndjson"
    results.write_bytes(before[1].splitlines(keepends=True)[0] + b'{"batch": 0, "r')
    code, text = cluster.batch(*words)
    assert code in (0, 1, 2), text
    assert [(s / "results.ndjson").read_bytes() for s in shards] == before, text
    merged = subprocess.run([PROGRAM, "merge", *map(str, shards), "--out", str(folder / "all")],
                            capture_output=True, text=True, timeout=60)
    assert merged.returncode in (0, 1, 2) and f"{SEEDS} runs" in merged.stdout, merged
    print(merged.stdout)
    code, text = cluster.batch("--array=1-2", str(SCRIPT), "--seeds", "1..9")
    assert code == 64, (code, text)  # no --out


def alone(folder):
    """The script without a Slurm: which results it goes on with, and what it refuses."""
    def said(out, **variables):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "LEASEHOLD"))}
        named = {f"SLURM_ARRAY_TASK_{k}": v for k, v in variables.items() if k != "SHARDS"}
        if "SHARDS" in variables:
            named["LEASEHOLD_SHARDS"] = variables["SHARDS"]
        result = subprocess.run([SCRIPT, *out], capture_output=True, text=True, timeout=60,
                                env={**env, **named, "LEASEHOLD": "echo"})
        return result.returncode, result.stdout, result.stderr
    results = folder / "out" / "shard-3-of-4" / "results.ndjson"
    results.parent.mkdir(parents=True)
    results.write_text("")
    out = ("--out", str(folder / "out"))
    for variables, resumes in (({"ID": "3", "COUNT": "4"}, True),
                               ({"ID": "2", "COUNT": "4"}, False),
                               ({"ID": "4", "MIN": "0", "STEP": "2", "COUNT": "4"}, True),
                               ({"ID": "3", "MIN": "3", "COUNT": "1", "SHARDS": "4"}, True)):
        for words in (out, ("=".join(out),)):
            code, told, err = said(words, **variables)
            assert code == 0 and ("--resume" in told) == resumes, (variables, code, told, err)
    for words, variables, needle in ((out, {}, "no task of an array"),
                                     (out, {"ID": "3"}, "no task of an array"),
                                     (out, {"ID": "x", "COUNT": "4"}, "found 'x'"),
                                     ((), {"ID": "3", "COUNT": "4"}, "--out DIR is missing")):
        code, told, err = said(words, **variables)
        assert code == 64 and not told and needle in err, (variables, code, told, err)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        alone(Path(scratch))
    missing = [name for name in (*DAEMONS, "sbatch") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        print("not checked:", f"no {', '.join(missing)}" if missing else "needs root")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        cluster = Cluster(folder)
        try:
            print(re.sub(r"\s+", " ", cluster.ask("sinfo", "--version")))
            campaign(cluster, folder)
        finally:
            cluster.end()
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
