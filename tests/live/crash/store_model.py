"""What the store's driver said, as the states in which each key may be found afterwards."""

import hashlib
import subprocess
from pathlib import Path

ABSENT = "absent"
# A list and a load must agree with each other and with the bytes that lie there.
OWN_FOLDER = ".leasehold"


class Expected:
    """Per key the states that are legal: the acknowledged one, and those of what is under way.
    Where it may be `refused` (a full disk), nobody has heard yet of what: what comes after is then
    done to what was there before."""

    def __init__(self, refused=False):
        self.refused = refused
        self.settled = {}    # key: (digest and size, tag), or nothing when it is absent
        self.under_way = {}  # id: (key, verb, content, tag), in the order of sending
        self.answers = {}    # status: how many

    def hear(self, line):
        words = line.split()
        if words[0] == "send":
            number, verb, key, size, digest, tag = words[1:]
            self.under_way[number] = (key, verb, (size, digest), tag)
            return
        assert words[0] == "done", f"the driver said: {line}"
        number, status = words[1:]
        self.answers[status] = self.answers.get(status, 0) + 1
        operation = self.under_way.pop(number)
        key = operation[0]
        before = self.settled.get(key, ABSENT)
        if status == "ok":
            self.settled[key] = after(before, operation)
        elif operation[1] == "retag" and status == "missing":
            assert before == ABSENT, f"{key} was {before}, and its retag says missing"
        else:
            assert status == "no_space", f"{operation} was answered {status}"

    def legal(self, key):
        states = [self.settled.get(key, ABSENT)]
        latest = list(states)
        for operation in self.under_way.values():
            if operation[0] != key:
                continue
            done = [after(state, operation) for state in latest]
            states += done
            latest = done + latest if self.refused else done
        return states

    def settle(self, found):
        """Goes on from what was found."""
        self.settled = dict(found)
        self.under_way = {}


def after(state, operation):
    _, verb, content, tag = operation
    if verb == "store":
        return (content, tag)
    if verb == "retag":
        return ABSENT if state == ABSENT else (state[0], tag)
    return ABSENT


def verify(driver, root):
    """What a new process finds: {key: state}. Complains about all that can't be, whatever was
    done before: a torn file that is served, a list that says otherwise than a load, rubbish."""
    run = subprocess.run([driver, "verify", root], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    listed, found, bad = {}, {}, []
    for words in map(str.split, run.stdout.splitlines()):
        if words[0] == "list":
            listed[words[1]] = (tuple(words[2:4]), words[4])
        elif words[2] == "ok":
            found[words[1]] = (tuple(words[3:5]), words[5])
        elif words[2] != "missing":
            bad.append(f"{words[1]} is {words[2]}")
    if listed != found:
        bad.append(f"a list says {listed}, loads say {found}")
    for key, (content, _) in found.items():
        lies = (Path(root) / key).read_bytes()
        if content != (str(len(lies)), hashlib.sha256(lies).hexdigest()[:32]):
            bad.append(f"{key} was served as {content}, which is not what lies there")
    for folder in ("tmp", "spool"):
        left = list((Path(root) / OWN_FOLDER / folder).iterdir())
        if left:
            bad.append(f"left in {folder}: {[path.name for path in left]}")
    records = len(list((Path(root) / OWN_FOLDER / "tags").iterdir()))
    if records != len(found):
        bad.append(f"{records} records of {len(found)} files")
    return found, bad


def compare(expected, found):
    """The keys whose state is none of the legal ones."""
    keys = set(expected.settled) | set(found) | {one[0] for one in expected.under_way.values()}
    return [f"{key} is {found.get(key, ABSENT)}; legal: {expected.legal(key)}"
            for key in sorted(keys) if found.get(key, ABSENT) not in expected.legal(key)]
