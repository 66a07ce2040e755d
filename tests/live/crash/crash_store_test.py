#!/usr/bin/env python3
"""The local file store survives SIGKILL at any point, also on a full disk.

    crash_store_test.py DRIVER [--rounds N] [--seed N]

Each round lets the driver change files, kills it at a random instant, and looks with a new process:
what was acknowledged is there (content and tag), what was under way is old or new, nothing torn is
served, nothing is left lying about. Files live on from round to round.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from store_model import Expected, compare, verify

BUDGET_S = 50
LONGEST_RUN_S = 0.12
FULL_DISK_BYTES = 200 << 10  # little more than the files of the driver take
FILE_LIMIT_BYTES = 30_000    # half of its largest payloads that stay in memory


def work_and_kill(driver, root, seed, delay, expected):
    """One life of the driver. How many requests it had sent."""
    process = subprocess.Popen([driver, "work", root, str(seed)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               restore_signals=False)  # SIGXFSZ stays ignored
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    out, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"ended by itself: {errors}"
    lines = out.splitlines()
    if out and not out.endswith("\n"):
        lines.pop()  # never said in full
    for line in lines:
        expected.hear(line)
    return sum(line.startswith("send") for line in lines)


def rounds(driver, root, count, rng, name, needed="ok"):
    expected = Expected(refused=needed == "no_space")
    sent = mid = 0
    began = time.monotonic()
    for number in range(1, count + 1):
        seed = rng.getrandbits(32)
        sent += work_and_kill(driver, root, seed, rng.uniform(0.0, LONGEST_RUN_S), expected)
        mid += bool(expected.under_way)
        found, bad = verify(driver, root)
        bad += compare(expected, found)
        if bad:
            print(f"{name}: round {number}, driver's seed {seed}:")
            print("\n".join(f"  {line}" for line in bad))
            return False
        expected.settle(found)
        if time.monotonic() - began > BUDGET_S:
            print(f"{name}: FAILED: only {number} of {count} rounds in {BUDGET_S} s")
            return False
    print(f"{name}: {count} kills, {mid} with requests under way; {sent} requests, answers "
          f"{expected.answers}, {time.monotonic() - began:.1f} s")
    # A test in which nothing was ever under way, or nothing done, shows nothing.
    return (mid > count // 2 and expected.answers.get("ok", 0) > count
            and expected.answers.get(needed, 0) > 0)


def on_a_full_disk(driver, count, seed):
    """The same on a file system that is too small. Runs itself again in a mount namespace, where
    root or a user namespace may mount one."""
    command = [sys.executable, os.path.abspath(__file__), driver, "--rounds", str(count),
               "--seed", str(seed), "--full-disk"]
    namespace = ["unshare", "--mount"]
    if os.geteuid() != 0:
        namespace += ["--user", "--map-root-user"]
    if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode == 0:
        return subprocess.run([*namespace, *command], check=False).returncode == 0
    print("full disk: no mount is allowed here; a limit on the size of files stands in for it")
    return subprocess.run(["prlimit", f"--fsize={FILE_LIMIT_BYTES}", *command, "--no-mount"],
                          check=False).returncode == 0


def full_disk(driver, root, count, rng, mount):
    if mount:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK_BYTES}", "tmpfs", root],
                       check=True)
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the driver inherits it
    try:
        return rounds(driver, root, count, rng, "full disk", "no_space")
    finally:
        if mount:
            subprocess.run(["umount", root], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--full-disk", action="store_true")
    parser.add_argument("--no-mount", action="store_true")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="leasehold-crash-") as root:
        if options.full_disk:
            return 0 if full_disk(options.driver, root, options.rounds, rng,
                                  not options.no_mount) else 1
        print(f"seed {options.seed}")
        sys.stdout.flush()
        fine = rounds(options.driver, root, options.rounds, rng, "SIGKILL")
    sys.stdout.flush()
    fine = on_a_full_disk(options.driver, options.rounds // 10, options.seed) and fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
