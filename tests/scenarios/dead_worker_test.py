#!/usr/bin/env python3
"""Runs whose processes die, from outside: dead_worker_test.py LEASEHOLD.

Each worker is killed as soon as it lives. What would be caught: a report that is left out without a
word, a page that leads to one which isn't there, or is of an earlier check, and figures of a run of
which nothing is known.
"""

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = sys.argv[1]
LONG = """scenario: long
why: a run that is killed before it ends
duration: 2h
values:
  kubecostDeployment: {replicas: 7, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
"""
failed = 0


def check(what, holds, detail=""):
    global failed
    failed += not holds
    print(("pass  " if holds else "FAIL  ") + what)
    if not holds:
        print(detail)


def without_workers(*words):
    with subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None:
            try:
                for child in children.read_text().split():
                    os.kill(int(child), signal.SIGKILL)
            except (OSError, ProcessLookupError):
                pass  # it ended meanwhile
            time.sleep(0.001)
        return process.returncode, process.stdout.read(), process.stderr.read()


def page_data(file):
    text = re.search(r'id="data">\n(.*?)</script>', file.read_text(), re.S)[1]
    return json.loads(gzip.decompress(base64.b64decode(text)))


def one_run(folder, long):
    files = {kind: folder / f"run.{kind}" for kind in ("html", "history", "trace", "mermaid")}
    code, out, err = without_workers("run", long, "--json", folder / "run.json",
                                     *(word for kind, file in files.items()
                                       for word in ("--" + kind, file)))
    check("run: an internal error", code == 70 and "signal 9 (Killed), twice" in out, out + err)
    check("and no figures of nothing", "0 replicas" not in out and "capital leads" not in out, out)
    for kind, file in files.items():
        check(f"no {kind}, and that is said", not file.exists() and
              f"{file}: not written, since the run's process died\n" in err, err)
    told = json.loads((folder / "run.json").read_text())
    check("the report says so", told["exitCode"] == 70, told)
    check("nothing else is there", [f.name for f in folder.iterdir() if f.name.startswith("run.")]
          == ["run.json"], list(folder.iterdir()))


def many(folder, long):
    html = folder / "all.html"
    words = ("check", long, "--seed", "1..2", "--html", html)
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=200)
    check("with workers it is linked", page_data(html)["scenarios"][0]["page"] == "all-runs/long.html",
          done.stdout + done.stderr)
    html.unlink()
    code, out, err = without_workers(*words)
    check("check: an internal error", code == 70 and "signal 9 (Killed), twice" in out, out + err)
    check("and its page is there", html.exists(), err)
    data = page_data(html)
    check("says so", data["outcome"] == "internal", data["outcome"])
    check("and leads to no page of another run", data["scenarios"][0]["page"] == "",
          data["scenarios"])


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        long = folder / "long.yaml"
        long.write_text(LONG)
        one_run(folder, long)
        many(folder, long)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
