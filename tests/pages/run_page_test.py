#!/usr/bin/env python3
"""A run's page in a browser: run_page_test.py PROGRAM [DIRECTORY for pictures]."""
import base64
import gzip
import json
import re
import time

from browser import Browser
from page_checks import FIRST_PAINT, expect, finish, leasehold, named, workshop

CRASH = "scenarios/failover/leader-crash.yaml"
STALE = "scenarios/pause/gc-pause-plain-format.yaml"
DATA = re.compile(r'(<script type="text/plain" id="data">\n)(.*?)(</script>)', re.S)
FIVE = """scenario: five
why: "</script><b id='planted'>\\u00e9</b> is a text <!-- and so is this"
duration: 5m
seeds: 1..2
values:
  kubecostDeployment: {replicas: 5, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
faults:
  - {at: 1m, crash: leader, for: 40s}
expect:
  reached: [takeover-after-expiry]
"""


def data_of(page):
    return json.loads(gzip.decompress(base64.b64decode(DATA.search(page.read_text())[2])))


def click_event(tab, number):
    """A real click on the event's tick."""
    place = tab.value(f"leasehold.where({number})")
    tab.click("#lanes", place["x"], place["y"])


def check_crash(tab, page, pictures):
    data = data_of(page)
    events = data["events"]
    tab.open(page)
    expect("the title", tab.text("#title"), "leader-crash pass")
    expect("what was asked of anybody", [url for url in tab.requests
                                         if not url.startswith("file://")], [])
    expect("no error", tab.problems, [])
    paint = tab.value(FIRST_PAINT)
    print(f"first paint after {paint:.0f} ms")
    expect("first paint, in ms", paint, lambda found: found < 3000)
    expect("no arrow in a view of the whole", tab.value("leasehold.lanes.drawnArrows"),
           lambda found: found < 600)
    if pictures:
        tab.picture(pictures / "run.png")

    # What became leader: an event with a role among its effects.
    leads = next(i for i, text in enumerate(events["effects"]) if "roleChanged leader" in text)
    number = events["number"][leads]
    tab.value(f"leasehold.lanes.look({events['at'][leads] - 2e8}, {events['at'][leads] + 2e8})")
    click_event(tab, number)
    told = tab.text("#event")
    name = data["lanes"][events["lane"][leads]]["name"]
    expect("the event", told, lambda found: f"#{number} {name}" in found)
    expect("its effects", told, lambda found: "roleChanged leader" in found)
    true_time, own = (float(re.search(pattern, told)[1]) for pattern in
                      (r"true time ([\d.]+)s", r"own clock ([\d.]+)s"))
    expect("true time", abs(true_time * 1e9 - events["at"][leads]) < 2)
    clock = data["lanes"][events["lane"][leads]]["clocks"][0]
    expect("the replica's own clock",
           abs(own - (clock[1] + (events["at"][leads] - clock[0]) * (1 + clock[2] / 1e9)) / 1e9)
           < 1e-6)
    expect("the place in the address", tab.value("location.hash"), f"#event={number}")
    expect("arrows are drawn when near", tab.value("leasehold.lanes.drawnArrows"),
           lambda found: found > 0)
    # From an answer to what it answers, by the link.
    answer = next(i for i, text in enumerate(events["text"])
                  if text.startswith("leaseAnswered") and events["cause"][i])
    tab.value(f"leasehold.lanes.look({events['at'][answer] - 5e7}, {events['at'][answer] + 5e7})")
    click_event(tab, events["number"][answer])
    tab.click("#event li button")
    expect("the cause of an answer", tab.text("#event"),
           lambda found: f"#{events['cause'][answer]} " in found)

    # Keys: from event to event, from lane to lane, nearer and back.
    tab.value("document.getElementById('lanes').focus()")
    before = tab.value("leasehold.lanes.chosen")
    tab.key("ArrowRight")
    after = tab.value("leasehold.lanes.chosen")
    expect("the next event of the same lane", after > before and
           events["lane"][after] == events["lane"][before])
    tab.key("ArrowDown")
    expect("another lane", events["lane"][tab.value("leasehold.lanes.chosen")],
           lambda found: found != events["lane"][before])
    expect("it is said", tab.value("document.getElementById('said').textContent"),
           lambda found: found.startswith(f"{events['at'][tab.value('leasehold.lanes.chosen')] / 1e9:.3f}s"))
    span = tab.value("leasehold.lanes.to - leasehold.lanes.from")
    tab.key("+")
    expect("nearer", abs(tab.value("leasehold.lanes.to - leasehold.lanes.from") / span - 0.5) < 0.01)
    tab.key("0")
    expect("the whole", tab.value("[leasehold.lanes.from, leasehold.lanes.to]"), [0, data["end"]])

    # The table, for whoever cannot see the lanes.
    tab.click("#changes")
    tab.until("document.getElementById('page-at').textContent.includes('page 1 of')")
    expect("changes alone", tab.text("#page-at"),
           lambda found: found.startswith(f"{sum(events['change'])} event"))
    tab.click("#find")
    for key in "crash":
        tab.key(key)
    expect("found", tab.value("document.querySelectorAll('#events tbody tr').length"),
           sum(1 for i, text in enumerate(events["text"]) if events["change"][i]
               and "crash" in (text + events["effects"][i]).lower()))
    roles = named(tab)
    expect("tables and headings for a screen reader",
           (len(roles["table"]) >= 3, len(roles["heading"]) >= 6, "application" in roles),
           (True, True, True))
    tab.call("Emulation.setEmulatedMedia", media="print")
    expect("no buttons on paper", tab.value("getComputedStyle(document.querySelector('.bar')).display"),
           "none")
    expect("a PDF", tab.call("Page.printToPDF")["data"],
           lambda found: base64.b64decode(found).startswith(b"%PDF"))
    tab.call("Emulation.setEmulatedMedia", media="")


def contrast(tab, selector):
    """Of a text on white, as WCAG 2 reckons it."""
    ink = tab.value(f"getComputedStyle(document.querySelector({json.dumps(selector)})).color")
    parts = [int(one) / 255 for one in re.findall(r"\d+", ink)[:3]]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def check_stale(tab, page, pictures):
    data = data_of(page)
    tab.open(page)
    expect("what broke", tab.text("#broken"), 
           lambda found: found.startswith("bucket.no-stale-commit at ")
           and "(the scenario expects it)" in found
           and re.search("acknowledged-survives at [^(]*\\(the scenario expects it\\)", found))
    expect("a pass is no alarm", (tab.text("#failure-title"), tab.text("#verdicts")),
           lambda found: found[0].endswith("as the scenario foresees") and "expected" in found[1]
           and "VIOLATED" not in found[1])
    tab.click("#wrong")
    expect("the first wrong step", tab.text("#event"), lambda found: f"#{data['wrong']} Bucket" in found)
    expect("the chain ends with it", tab.text("#chain li:last-child"),
           lambda found: "first wrong step" in found and "epoch" in found)
    # Pixels of the frame's colour where it must be.
    framed = tab.value("""(() => {
        const { lanes, run } = leasehold, at = leasehold.where(run.wrong);
        lanes.draw();
        const c = lanes.canvas.getContext('2d');
        const pixel = [...c.getImageData(at.x - 9, at.y, 1, 1).data].slice(0, 3);
        return '#' + pixel.map((n) => n.toString(16).padStart(2, '0')).join('') + ' ' +
            lanes.ink.chain; })()""")
    expect("it is framed", framed.split()[0], framed.split()[1])
    if pictures:
        tab.value("scrollTo(0, 0)")
        tab.picture(pictures / "failed.png")
    light = tab.value("getComputedStyle(document.body).backgroundColor")
    tab.dark(True)
    expect("dark", tab.value("getComputedStyle(document.body).backgroundColor"),
           lambda found: found != light)
    time.sleep(0.2)
    expect("the canvas too", tab.value("leasehold.lanes.ink.back"), "#14171b")
    if pictures:
        tab.picture(pictures / "dark.png")
    # Whoever reads in the dark prints on white paper.
    tab.call("Emulation.setEmulatedMedia", media="print",
             features=[{"name": "prefers-color-scheme", "value": "dark"}])
    tab.until("leasehold.lanes.ink.back === '#ffffff'")
    for part, least in (("#broken", 4.5), ("#chain button", 4.5), ("#made", 4.5)):
        expect(f"{part} can be read on paper", contrast(tab, part), lambda found, least=least: found >= least)
    if pictures:
        tab.picture(pictures / "paper.png", whole=True)
    tab.dark(False)
    tab.call("Emulation.setEmulatedMedia", media="")


def check_broken(tab, page, directory):
    """A page whose data came to harm says so."""
    text = page.read_text()
    whole = "".join(DATA.search(text)[2].split())
    other = base64.b64encode(gzip.compress(b'{"page": "check", "schemaVersion": 1}')).decode()
    for name, data, words in (("letters", "!" + whole[1:], "not base64"),
                              ("cut", whole[:len(whole) // 8 * 4], "not a whole gzip"),
                              ("json", base64.b64encode(gzip.compress(b"{")).decode(), "not JSON"),
                              ("empty", "", "not a whole gzip"),
                              ("other", other, "of another page")):
        broken = directory / f"broken-{name}.html"
        broken.write_text(DATA.sub(lambda found, data=data: found[1] + data + found[3], text))
        tab.open(broken, "!document.getElementById('problem').hidden")
        expect(f"damaged data ({name})", tab.text("#problem"), lambda found: words in found)


def check_program(directory):
    """What the program says and keeps: digests, bytes, sizes, refusals."""
    five = directory / "five.yaml"
    five.write_text(FIVE)
    page = directory / "five.html"
    shown = leasehold("run", five, "--html", page)
    plain = leasehold("run", five)
    expect("the same words and digest with and without a page", shown.stdout, plain.stdout)
    size = page.stat().st_size
    print(f"five minutes of five replicas: {size} bytes, {len(data_of(page)['events']['number'])}"
          " events")
    expect("size", size, lambda found: found < 2 << 20)
    first = page.read_bytes()
    leasehold("run", five, "--html", page)
    expect("the same bytes again", page.read_bytes() == first)
    many = leasehold("run", CRASH, "--seed", "1..2", "--html", directory / "no.html", code=64)
    expect("one run alone", many.stderr, lambda found: "one file and one seed" in found)
    leasehold("run", CRASH, "--html", directory / "missing" / "no.html", code=74)
    leasehold("run", CRASH, "--html", page, "--json", page, code=64)
    return page


def main():
    with workshop() as (directory, pictures):
        crash, stale = directory / "crash.html", directory / "stale.html"
        leasehold("run", CRASH, "--seed", "7", "--html", crash)
        leasehold("run", STALE, "--html", stale)
        five = check_program(directory)
        with Browser() as tab:
            check_crash(tab, crash, pictures)
            check_stale(tab, stale, pictures)
            check_broken(tab, crash, directory)
            tab.open(five)
            expect("a text is a text", tab.text("#why"),
                   "</script><b id='planted'>\u00e9</b> is a text <!-- and so is this")
            expect("and no markup", tab.value("document.getElementById('planted')"), None)
    finish()


if __name__ == "__main__":
    main()
