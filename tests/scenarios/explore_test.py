#!/usr/bin/env python3
"""leasehold explore from outside: what CI plays, the list, bad input, a schedule played again.

    explore_test.py PROGRAM
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HEAD = "leasehold-explore 1\nspace quick\nfaults 1\n"
# Arguments (FILE is a schedule file with the text that stands third), and what must be said.
BAD = [
    (["explore"], "--list", None),
    (["explore", "quik"], '"quick"', None),
    (["explore", "quick", "--list"], "exclude each other", None),
    (["explore", "quick", "--faults", "ten"], "--faults: expected 0 to 9, found 'ten'", None),
    (["explore", "quick", "--states", "0"], "--states", None),
    (["explore", "quick", "--memory", "1KiB"], "--memory: expected a size from 1MiB", None),
    (["explore", "quick", "--out", "FILE"], "FILE: exists already", "another's\n"),
    (["explore", "quick", "requests", "--out", "new.schedule"], "--out is the file of one schedule", None),
    (["explore", "quick", "quick"], "'quick' is named twice", None),
    (["explore", "--replay", "no-such.schedule"], "no-such.schedule: cannot be read", None),
    (["explore", "--replay", "FILE"], "FILE:1: expected 'leasehold-explore 1'", "a: 1\n"),
    (["explore", "--replay", "FILE"], r"FILE:4: no action of that name.*\"start\"",
     HEAD + "strat a\n"),
    (["explore", "--replay", "FILE"], "action 1 cannot happen at 0.000s", HEAD + "tick\n"),
]


def call(program, *arguments, cwd="."):
    result = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=280,
                            cwd=cwd)
    return result.returncode, result.stdout, result.stderr


def main():
    program = str(Path(sys.argv[1]).resolve())
    bad = []
    with tempfile.TemporaryDirectory() as scratch:
        for arguments, needle, text in BAD:
            file = Path(scratch, "a.schedule")
            file.write_text(text or "")
            code, out, err = call(program, *[str(file) if a == "FILE" else a for a in arguments],
                                  cwd=scratch)
            if code != 64 or out or not re.search(needle.replace("FILE", str(file)), err):
                bad.append(f"{arguments}: exit {code}, {out!r}, {err!r}")
            file.unlink()
            if list(Path(scratch).iterdir()):
                bad.append(f"{arguments}: something was written")
        code, out, err = call(program, "explore", "--list")
        if code != 0 or "\nquick\n" not in "\n" + out or "lease-deleted" not in out:
            bad.append(f"--list: exit {code}, {out!r}")
        code, out, err = call(program, "explore", "quick", "--quiet", cwd=scratch)
        if code != 0 or "1 fault:  complete: " not in out or "bounded" in out:
            bad.append(f"quick: exit {code}, {out!r}, {err!r}")
        played = [call(program, "explore", "quick", "--faults", "0", "--jobs", jobs, "--quiet")
                  for jobs in ("1", "2")]
        # Depth is that of the way there; what was seen does not depend on the threads.
        counts = [re.findall(r"([\d,]+) states, ([\d,]+) transitions", out) for _, out, _ in played]
        if counts[0] != counts[1] or not counts[0]:
            bad.append(f"one thread saw {counts[0]}, two {counts[1]}")
        file = Path(scratch, "good.schedule")
        file.write_text(HEAD + "start a\nstart b\narrive a\nanswer a  # a looks\n")
        code, out, err = call(program, "explore", "--replay", str(file))
        if code != 0 or "nothing is violated" not in out or "a is answered 200" not in out:
            bad.append(f"--replay: exit {code}, {out!r}, {err!r}")
        file = Path(scratch, "mended.schedule")
        file.write_text(HEAD + "start a\nstart b\narrive a\nanswer a\nanswer a\n")
        code, out, err = call(program, "explore", "--replay", str(file))
        if code != 3 or "action 5 cannot happen" not in out or "a is answered 200" not in out:
            bad.append(f"--replay of what does not fit: exit {code}, {out!r}, {err!r}")
        code, out, err = call(program, "explore", "quick", "--states", "1000", "--jobs", "1",
                              "--quiet")
        if code != 3 or "bounded: 1,000 states" not in out:
            bad.append(f"--states 1000: exit {code}, {out!r}, {err!r}")
        code, out, err = call(program, "explore", "quick", "--memory", "1MiB", "--jobs", "1",
                              "--quiet")
        if code != 3 or "0 faults: complete" not in out or "bounded: 43,690 states" not in out:
            bad.append(f"--memory 1MiB: exit {code}, {out!r}, {err!r}")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
