#!/usr/bin/env python3
"""How long nobody leads after a leader has crashed: with the kubelet's word, without, and with the
machine lost, for 1, 2 and 4 followers; and client-go's election beside it.

    bench/failover_table.py [--leasehold PROGRAM] [--seeds N] [--jobs N] [--json FILE]

Each row is a scenario that is written for it and played over N seeds by `leasehold check`, which
must pass: every row has also been judged by all invariants, `leader.at-most-one` among them. The
kubelet's notice has p50 1.2 s and p99 1.5 s. Exit codes are those of `leasehold check`.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

FOLLOWERS = (1, 2, 4)
HEAD = """scenario: {name}
why: a row of the failover table
duration: 2m
seeds: 1..{seeds}
values:
  kubecostDeployment: {{replicas: {replicas}, leaderFollower: {{enabled: true}}}}
  kubecostModel: {{etlBucketConfigSecret: kubecost-bucket-secret}}
workload: none
"""
OURS = """election: {believeEndedHolder: true}
kubelets: {notice: {p50: 1200ms, p99: 1500ms}}
"""
CASES = {
    "crash, the kubelet tells": OURS + "faults:\n  - {at: 1m..80s, crash: leader}\n",
    "crash, nobody tells": OURS + "faults:\n  - {at: 50s, kubeletStops: all}\n"
                           "  - {at: 1m..80s, crash: leader}\n",
    "machine lost": OURS + "faults:\n  - {at: 1m..80s, killNode: leader}\n",
    "crash, client-go": "electors: {clientGo: {replicas: all}}\n"
                        "faults:\n  - {at: 1m..80s, crash: leader}\n",
}


def scenario(name, case, followers, seeds):
    return HEAD.format(name=name, replicas=followers + 1, seeds=seeds) + CASES[case]


def seconds(nanoseconds):
    return f"{nanoseconds / 1e9:.2f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leasehold", default="build/release/bin/leasehold")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=0, help="worker processes; 0: one for each core")
    parser.add_argument("--json", help="also write what was measured to this file")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds: expected a number of at least 1, found {options.seeds}")

    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for case in CASES:
            for followers in FOLLOWERS:
                name = case.replace(",", "").replace(" ", "-") + f"-{followers}"
                path = pathlib.Path(folder) / f"{name}.yaml"
                path.write_text(scenario(name, case, followers, options.seeds), encoding="utf-8")
                files[name] = (case, followers, path)
        result = pathlib.Path(folder) / "result.json"
        command = [options.leasehold, "check", *(str(path) for _, _, path in files.values()),
                   "--json", str(result), "--quiet"]
        if options.jobs:
            command += ["--jobs", str(options.jobs)]
        done = subprocess.run(command, check=False)
        if done.returncode not in (0, 2):
            return done.returncode
        for entry in json.loads(result.read_text(encoding="utf-8"))["scenarios"]:
            case, followers, _ = files[entry["name"]]
            rows[case, followers] = entry["failover"]

    print("| what ends the leader | followers | failovers | p50 | p99 | longest |")
    print("|---|---|---|---|---|---|")
    for (case, followers), measured in rows.items():
        print(f"| {case} | {followers} | {measured['count']} | {seconds(measured['p50Ns'])} | "
              f"{seconds(measured['p99Ns'])} | {seconds(measured['maxNs'])} |")
    if options.json:
        table = [{"case": case, "followers": followers, **measured}
                 for (case, followers), measured in rows.items()]
        pathlib.Path(options.json).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
