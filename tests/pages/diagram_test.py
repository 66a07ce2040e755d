#!/usr/bin/env python3
"""Sequence diagrams, parsed and drawn by Mermaid in a browser:
diagram_test.py PROGRAM [DIRECTORY for pictures]."""
import json
import sys
import tempfile
from pathlib import Path

from browser import Browser
from page_checks import ROOT, expect, finish, leasehold, ready, skip

sys.path[:0] = [str(ROOT / "tests" / "live" / "tools"), str(ROOT / "tests" / "scenarios")]
import install  # noqa: E402
import verify_test as recordings  # noqa: E402

CRASH = "scenarios/failover/leader-crash.yaml"
STALE = "scenarios/pause/gc-pause-plain-format.yaml"
# GitHub refuses longer ones (mermaid's maxTextSize).
LONGEST = 50_000
# Each of these means something to Mermaid or to HTML.
STRANGE = "end; %%{init} #35; A->>B: <b id='planted'> & \"x\" \u00e9"
PAGE = """<!doctype html><meta charset="utf-8"><body><div id="drawn"></div>
<script src="%s"></script>
<script>
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
const draw = async (text) => {
    await mermaid.parse(text);
    const { svg } = await mermaid.render("picture", text);
    document.getElementById("drawn").innerHTML = svg;
    return true;
};
document.body.dataset.ready = "true";
</script>
"""


def drawn(tab, text):
    """What the picture says, or what Mermaid said against it."""
    return tab.value(f"draw({json.dumps(text)}).then(() => "
                     "document.getElementById('drawn').textContent, (error) => 'refused: ' + error)")


def diagram(directory, *arguments):
    path = directory / "run.mmd"
    plain = leasehold(*arguments)
    done = leasehold(*arguments, "--mermaid", path)
    expect("the same words with and without a diagram", done.stdout, plain.stdout)
    text = path.read_text(encoding="utf-8")
    print(f"{arguments[1]}: {len(text)} characters, {len(text.splitlines())} lines")
    expect("short enough for GitHub", len(text) < LONGEST)
    return text


def strange(directory):
    """Recordings whose declared fault is called by such a text."""
    folder = directory / "recorded"
    folder.mkdir()
    records = recordings.simulated(folder, CRASH, 7)
    for record in records:
        if record["record"] == "faultTookEffect":
            record["of"]["what"] = STRANGE
    return recordings.write(folder, recordings.split(records))


def main():
    pictures = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    try:
        (script,) = install.mermaid()
    except install.Unavailable as reason:
        skip(str(reason))
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ready(directory)
        stale = diagram(directory, "run", STALE)
        crash = diagram(directory, "run", CRASH, "--seed", "7")
        page = directory / "page.html"
        page.write_text(PAGE % script.as_uri())
        with Browser() as tab:
            tab.open(page)
            expect("Mermaid itself refuses nonsense", drawn(tab, stale + "    r1-->>\n"),
                   lambda found: found.startswith("refused: "))
            said = drawn(tab, crash)
            for wanted in ("replica-1", "Lease", "Bucket", "fault: crash replica-1",
                           "roleChanged leader", "leader-crash seed 7: pass"):
                expect("a run in which nothing breaks tells its changes", said,
                       lambda found, wanted=wanted: wanted in found)
            said = drawn(tab, stale)
            for wanted in ("FIRST WRONG STEP", "written by replica-1, epoch 1005", "fault: pause",
                           "update"):
                expect("a run in which something breaks tells how", said,
                       lambda found, wanted=wanted: wanted in found)
            expect("once", said.count("FIRST WRONG STEP"), 1)
            expect("arrows", tab.value("document.querySelectorAll('#drawn [class^=messageLine]').length"),
                   lambda found: found >= 10)
            if pictures:
                tab.picture(pictures / "diagram.png", whole=True)
            said = drawn(tab, diagram(directory, "verify", *strange(directory)))
            expect("a text is a text", said, lambda found: STRANGE in found)
            expect("and no markup", tab.value("document.getElementById('planted')"), None)
    finish()


if __name__ == "__main__":
    main()
