#!/usr/bin/env python3
"""The picture in README.md: picture.py PROGRAM [--rewrite].

Makes the page of a run, has Chromium photograph it, and checks that the picture in the tree is of
that run: the line above it in README.md names the run's digest and the picture's SHA-256.
--rewrite puts a new picture and line there."""
import base64
import hashlib
import re
import sys
import tempfile
from pathlib import Path

from browser import Browser
from page_checks import ROOT, expect, finish, leasehold, ready

COMMAND = ("run", "scenarios/pause/gc-pause-plain-format.yaml", "--seed", "1")
PICTURE = ROOT / "reports" / "html" / "picture.webp"
README = ROOT / "README.md"
LINE = re.compile(r"<!-- picture: leasehold (.*), digest ([0-9a-f]{16}), SHA-256 ([0-9a-f]{64}),"
                  r" by tests/pages/picture\.py -->\n!\[[^\]]+\]\(reports/html/picture\.webp\)")
LARGEST = 120 << 10
WIDTH, HEIGHT = 1200, 820


def size_of(picture):
    """Width and height of a WebP with an extended header (RFC 9649, 2.7), as Chromium writes it."""
    if picture[:4] != b"RIFF" or picture[8:16] != b"WEBPVP8X":
        return None
    return tuple(int.from_bytes(picture[at:at + 3], "little") + 1 for at in (24, 27))


def photograph(page):
    with Browser(WIDTH, HEIGHT) as tab:
        tab.open(page)
        tab.click("#wrong")
        tab.value("scrollTo(0, 0)")
        tab.until("leasehold.lanes.drawnArrows > 0")
        shot = tab.call("Page.captureScreenshot", format="webp", quality=75)
        expect("no error", tab.problems, [])
    return base64.b64decode(shot["data"])


def main():
    rewrite = "--rewrite" in sys.argv[2:]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ready(directory)
        page = directory / "page.html"
        done = leasehold(*COMMAND, "--html", page)
        digest = re.search(r"^digest +([0-9a-f]{16})$", done.stdout, re.M)[1]
        picture = photograph(page)
    expect("it can be made", size_of(picture), (WIDTH, HEIGHT))
    if rewrite:
        PICTURE.write_bytes(picture)
        now = (f"<!-- picture: leasehold {' '.join(COMMAND)}, digest {digest}, SHA-256 "
               f"{hashlib.sha256(picture).hexdigest()}, by tests/pages/picture.py -->")
        README.write_text(re.sub(r"<!-- picture: .* -->", now, README.read_text(), count=1))
    found = LINE.search(README.read_text())
    expect("README.md says where its picture is from", found is not None)
    if found:
        expect("the command", found[1], " ".join(COMMAND))
        expect("the run is another now (tests/pages/picture.py PROGRAM --rewrite)", found[2], digest)
        kept = PICTURE.read_bytes()
        expect("the picture is the script's", hashlib.sha256(kept).hexdigest(), found[3])
        expect("its size", (size_of(kept), len(kept) <= LARGEST), ((WIDTH, HEIGHT), True))
        print(f"{len(kept)} bytes")
    finish()


if __name__ == "__main__":
    main()
