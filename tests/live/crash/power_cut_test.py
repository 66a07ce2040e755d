#!/usr/bin/env python3
"""The local file store survives a power cut at any point.

    power_cut_test.py DRIVER RECORDER [--cuts N] [--seed N]

SIGKILL leaves what was written in the kernel's hands; a power cut takes what was never synced. The
driver works once while RECORDER (record_disk.cpp) writes down its calls. Then, for chosen points,
a disk is made as it may be found afterwards: what was synced is there; of the rest, names arrived
up to some point of each folder, and content in full, in part, as zeros, or not at all. A new process
must find what was acknowledged, and of what was under way the old or the new.

The same is done with records from which one kind of sync was taken out: each must be found out, or
this test sees nothing.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path, PurePosixPath

from store_model import Expected, compare, verify

REQUESTS = 150
BUDGET_S = 100
MTIME_LOST_NS = 1


class Disk:
    """Files and folders with what of them would survive. A folder's names change in their order;
    two folders know nothing of each other, as file systems promise no more."""

    def __init__(self, root):
        self.root = str(root)
        self.folders = {self.root: ({}, [])}  # path: (durable names, changes that are not)
        self.names = {}    # path: number of the file, as the program sees it
        self.inodes = {}   # the kernel's number, which is used again: ours
        self.files = []    # [durable content, mtime, all content]

    def play(self, line):
        kind, _, rest = line.partition(" ")
        getattr(self, f"on_{kind}")(*rest.split(" "))

    def change(self, path, what):
        folder = str(PurePosixPath(path).parent)
        self.folders[folder][1].append((PurePosixPath(path).name, what))

    def on_create(self, inode, path):
        self.inodes[inode] = len(self.files)
        self.files.append([b"", MTIME_LOST_NS, b""])
        self.names[path] = self.inodes[inode]
        self.change(path, self.names[path])

    def on_write(self, inode, content):
        self.files[self.inodes[inode]][2] += bytes.fromhex(content)

    def on_sync(self, inode, modified):
        file = self.files[self.inodes[inode]]
        file[0], file[1] = file[2], int(modified)

    def on_mkdir(self, path):
        self.folders[path] = ({}, [])
        self.change(path, "folder")

    def on_rename(self, old, new):
        self.names[new] = self.names.pop(old)
        self.change(old, None)
        self.change(new, self.names[new])

    def on_unlink(self, path):
        self.names.pop(path)
        self.change(path, None)

    def on_syncdir(self, path):
        durable, pending = self.folders[path]
        apply(durable, pending)
        pending.clear()

    def after_cut(self, rng, to, folder=None):
        """Writes below `to` what a cut now may leave."""
        folder = folder or self.root
        durable, pending = self.folders[folder]
        names = dict(durable)
        apply(names, pending[:rng.choice([0, len(pending), rng.randint(0, len(pending))])])
        for name, what in names.items():
            if what == "folder":
                (to / name).mkdir()
                self.after_cut(rng, to / name, f"{folder}/{name}")
            else:
                content, modified = self.content_after_cut(rng, self.files[what])
                (to / name).write_bytes(content)
                os.utime(to / name, ns=(modified, modified))

    @staticmethod
    def content_after_cut(rng, file):
        durable, modified, written = file
        if durable == written:
            return durable, modified
        part = written[:rng.randint(len(durable), len(written))]
        zeros = durable + bytes(len(written) - len(durable))
        return rng.choice([durable, part, zeros, written]), modified


def apply(names, changes):
    for name, what in changes:
        if what is None:
            names.pop(name, None)
        else:
            names[name] = what


def record(driver, recorder, folder, seed):
    """What the driver did, line by line."""
    root, log = folder / "recorded", folder / "log"
    root.mkdir()
    environment = {**os.environ, "LD_PRELOAD": recorder, "RECORD_DISK_ROOT": str(root),
                   "RECORD_DISK_LOG": str(log)}
    subprocess.run([driver, "work", root, str(seed), str(REQUESTS)], env=environment, check=True,
                   stdout=subprocess.DEVNULL, timeout=BUDGET_S)
    return root, log.read_text().splitlines()


def cut(driver, root, lines, points, rng, folder):
    """The objections after a cut before each of the lines `points`, in all of them together."""
    disk, expected, bad = Disk(root), Expected(), []
    for number, line in enumerate(lines):
        if number in points:
            with tempfile.TemporaryDirectory(dir=folder) as name:
                disk.after_cut(rng, Path(name))
                found, objections = verify(driver, name)
            objections += compare(expected, found)
            bad += [f"cut before line {number} ({line[:60]}): {text}" for text in objections]
        if line.startswith("say "):
            expected.hear(line[4:])
        else:
            disk.play(line)
    return bad


def without(lines, kind):
    """The record as of a store that leaves out one kind of sync."""
    files = {}  # inode: what it is now
    kept = []
    for line in lines:
        words = line.split(" ")
        if words[0] == "syncdir":
            own = "/.leasehold" in words[1]
            if kind == ("tags" if words[1].endswith("/tags") else "own" if own else "folders"):
                continue
        if words[0] == "write":
            # A record begins with 32 hexadecimal digits and a line feed; no payload does.
            text = bytes.fromhex(words[2][:66])
            files[words[1]] = "records" if text[32:] == b"\n" else "payloads"
        if words[0] == "sync" and files.get(words[1]) == kind:
            continue
        kept.append(line)
    assert len(kept) < len(lines), f"nothing to leave out: {kind}"
    return kept


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("recorder")
    parser.add_argument("--cuts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"seed {options.seed}")
    began = time.monotonic()
    fine = True
    with tempfile.TemporaryDirectory(prefix="leasehold-cut-") as name:
        folder = Path(name)
        root, lines = record(options.driver, options.recorder, folder,
                             rng.getrandbits(32))
        count = min(options.cuts, len(lines))
        bad = cut(options.driver, root, lines, set(rng.sample(range(len(lines)), count)), rng,
                  folder)
        print(f"{REQUESTS} requests, {len(lines)} calls, {count} cuts: {len(bad)} objections")
        print("\n".join(f"  {text}" for text in bad[:10]))
        fine = not bad
        for kind in ("payloads", "records", "tags", "folders"):
            fewer = without(lines, kind)
            points = set(rng.sample(range(len(fewer)), min(options.cuts // 10, len(fewer))))
            bad = cut(options.driver, root, fewer, points, rng, folder)
            print(f"without syncs of {kind}: {len(bad)} objections, such as "
                  f"{bad[0][:150] if bad else 'NONE: this test is blind'}")
            fine = fine and bool(bad)
    print(f"{time.monotonic() - began:.1f} s")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
