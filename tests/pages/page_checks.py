"""What the tests of the pages share: the program, counted expectations, skipping."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import browser

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(sys.argv[1])
counts = {"passed": 0, "failed": 0}

# The page may be loaded, and asked, before its first frame is there.
FIRST_PAINT = """(async () => {
    for (let frames = 0; frames < 600; ++frames) {
        const [first] = performance.getEntriesByType('paint');
        if (first) return first.startTime;
        await new Promise(requestAnimationFrame);
    }
    return Infinity;
})()"""


def expect(what, found, wanted=True):
    """Counts; `wanted` may be a value or a predicate."""
    good = wanted(found) if callable(wanted) else found == wanted
    counts["passed" if good else "failed"] += 1
    if not good:
        print(f"{what}: found {found!r}" + ("" if callable(wanted) else f", expected {wanted!r}"))


def leasehold(*arguments, code=0):
    done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=ROOT, capture_output=True,
                          text=True, timeout=240, check=False)
    expect(f"exit code of leasehold {' '.join(map(str, arguments))}: {done.stderr[-300:]}",
           done.returncode, code)
    return done


def skip(reason):
    """Where everything must be checked, what can't be is a failure."""
    print(f"skipped: {reason}")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def ready(directory):
    """Leaves unless there are pages and a browser."""
    if browser.find() is None:
        skip("there is no Chromium on PATH (Debian: chromium)")
    probe = subprocess.run([PROGRAM, "run", "scenarios/failover/leader-crash.yaml", "--html",
                            os.path.join(directory, "probe.html")], cwd=ROOT, capture_output=True,
                           text=True, timeout=240, check=False)
    if probe.returncode == 69:
        skip(probe.stderr.strip())


@contextlib.contextmanager
def workshop():
    """A folder to work in, which goes, and one that screenshots go to, if the command line names it.
    Leaves unless there are pages and a browser."""
    pictures = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        ready(Path(name))
        yield Path(name), pictures


def finish():
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(1 if counts["failed"] else 0)


def named(tab):
    """Nothing that one can press or read is without a name for a screen reader."""
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    wanting = ("button", "link", "combobox", "searchbox", "checkbox", "application", "img",
               "table", "heading")
    found = {}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if node.get("ignored") or role not in wanting:
            continue
        name = node.get("name", {}).get("value", "")
        found.setdefault(role, []).append(name)
        expect(f"a {role} has a name", bool(name.strip()))
    return found
