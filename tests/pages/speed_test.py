#!/usr/bin/env python3
"""How fast pages are written, painted and scrolled, and how large they get: speed_test.py PROGRAM.

Bounds are those that README.md of reports promises. Other work on the machine disturbs times of day:
what the program costs is processor time, of pictures the best of several counts, and what a frame
costs is the page's own thread's time."""
import os
import resource
import sys
import tempfile
from pathlib import Path

from browser import Browser
from page_checks import FIRST_PAINT, expect, finish, leasehold, ready

RUN = """scenario: d{duration}
why: as long as it is asked to be
duration: {duration}
values:
  kubecostDeployment: {{replicas: 5, leaderFollower: {{enabled: true}}}}
  kubecostModel: {{etlBucketConfigSecret: kubecost-bucket-secret}}
faults:
  - {{at: 1m, crash: leader, for: 40s}}
"""
FRAMES = 100
# From one end of the run to the other, a share of it in view; then milliseconds of each frame's work.
SCROLL = """(async () => {
    const { lanes, run } = leasehold, span = run.end * %f, work = [];
    const draw = lanes.draw.bind(lanes);
    lanes.draw = () => { const from = performance.now(); draw(); work.push(performance.now() - from); };
    const from = performance.now();
    for (let i = 0; i < %d; ++i) {
        const left = (run.end - span) * i / %d + i;
        lanes.look(left, left + span);
        await new Promise(requestAnimationFrame);
    }
    const took = performance.now() - from;
    delete lanes.draw;
    return [took, work.length];
})()"""


def spent(*arguments):
    """Seconds of processor time of the program and its workers."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    leasehold(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def scenario(directory, duration):
    path = directory / f"d{duration}.yaml"
    path.write_text(RUN.format(duration=duration))
    return path


def busy(tab):
    """Seconds that the page's thread has worked so far."""
    return next(one["value"] for one in tab.call("Performance.getMetrics")["metrics"]
                if one["name"] == "TaskDuration")


def scroll(tab, share):
    """(milliseconds of the page's thread for each frame, frames a second)"""
    before = busy(tab)
    took, drawn = tab.value(SCROLL % (share, FRAMES, FRAMES))
    expect("every step is drawn", drawn, lambda found: found >= FRAMES - 1)
    return (busy(tab) - before) * 1000 / FRAMES, FRAMES * 1000 / took


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ready(directory)
        five = scenario(directory, "5m")
        page = directory / "five.html"
        cost = spent("run", five, "--html", page) - spent("run", five)
        print(f"five minutes of five replicas: {cost:.3f} s of processor time for the page, "
              f"{page.stat().st_size} bytes")
        expect("seconds for the page of five minutes", cost, lambda found: found <= 1)
        long, day = directory / "long.html", directory / "day.html"
        leasehold("run", scenario(directory, "25m"), "--html", long)
        leasehold("run", scenario(directory, "24h"), "--html", day)
        print(f"a day of five replicas: {day.stat().st_size} bytes")
        expect("bytes of a day", day.stat().st_size, lambda found: found < 10 << 20)
        with Browser() as tab:
            tab.call("Performance.enable", timeDomain="threadTicks")
            paints = []
            for _ in range(3):
                tab.open(page)
                paints.append(tab.value(FIRST_PAINT))
            print(f"first paint after {min(paints):.0f} ms")
            expect("milliseconds to the first paint", min(paints), lambda found: found <= 500)
            tab.open(long)
            expect("many events", tab.value("leasehold.run.count"), lambda found: found > 20_000)
            for share in (1, 0.25, 0.01):
                tries = [scroll(tab, share) for _ in range(3)]
                work, rate = min(one[0] for one in tries), max(one[1] for one in tries)
                print(f"scrolling, {share:.0%} in view: {work:.1f} ms of work a frame, "
                      f"{rate:.0f} frames a second beside {os.getloadavg()[0]:.0f} others")
                expect("milliseconds of work for a frame", work, lambda found: found <= 20)
            tab.open(day)
            expect("a day can be looked at", (tab.problems, tab.text("#made")),
                   lambda found: not found[0] and "details are left out" in found[1])
    finish()


if __name__ == "__main__":
    main()
