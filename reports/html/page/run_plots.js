// Pending reads and writes under way, drawn by uPlot and kept on the timeline's view.

const POINTS = 4000;
const REST = 80;  // milliseconds

// All lanes' steps on one axis of time; each value holds until the next.
function stepsOf(run, field) {
    const times = new Set([0, run.end]);
    for (const lane of run.data.lanes) for (const at of lane[field][0]) times.add(at);
    let axis = [...times].sort((a, b) => a - b);
    const values = run.data.lanes.map((lane) => {
        const [ats, counts] = lane[field];
        let k = 0, now = 0;
        return axis.map((time) => {
            while (k < ats.length && ats[k] <= time) now = counts[k++];
            return now;
        });
    });
    if (axis.length <= POINTS) return [axis, ...values];
    // Of many neighbours the largest is shown.
    const size = Math.ceil(axis.length / POINTS);
    const thin = (list, pick) => Array.from({ length: Math.ceil(list.length / size) },
        (_, i) => pick(list.slice(i * size, (i + 1) * size)));
    return [thin(axis, (part) => part[0]), ...values.map((list) => thin(list, (p) => Math.max(...p)))];
}

class Plots {
    constructor(run, lanes) {
        this.run = run;
        this.lanes = lanes;
        this.kinds = [["plot-reads", "reads", "Backup reads that wait"],
            ["plot-writes", "writes", "PUTs and DELETEs under way"]];
        this.data = this.kinds.map(([, field]) => {
            const [axis, ...values] = stepsOf(run, field);
            return [axis.map((ns) => ns / 1e9), ...values];
        });
        this.build();
        lanes.listeners.push(() => this.soon());
        new ResizeObserver(() => this.fit()).observe(byId("plots"));
    }
    build() {
        for (const plot of this.plots || []) plot.destroy();
        const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 },
            ticks: { stroke: colour("--line") } };
        this.plots = this.kinds.map(([id, , title], k) => {
            const host = byId(id);
            host.setAttribute("role", "img");
            host.setAttribute("aria-label", title + ", by replica: " + this.words(k));
            const plot = new uPlot({
                title, width: this.width(), height: 190, scales: { x: { time: false } },
                axes: [{ ...axis, values: (_, ticks) => ticks.map((t) => t + "s") },
                    { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] }],
                series: [{ label: "time", value: (_, v) => (v === null ? "" : v.toFixed(3) + "s") },
                    ...this.run.data.lanes.map((lane, i) => ({ label: lane.name, width: 1.5,
                        stroke: laneColour(i), paths: uPlot.paths.stepped({ align: 1 }),
                        points: { show: false } }))],
                hooks: { setSelect: [(plot) => this.selected(plot)] },
                cursor: { drag: { setScale: false, x: true, y: false } },
            }, this.data[k], host);
            host.querySelector(".u-legend").setAttribute("aria-label", title + ": legend");
            return plot;
        });
        this.follow();
    }
    // For who cannot see it: the most of each replica.
    words(k) {
        return this.run.data.lanes.map((lane, i) =>
            `${lane.name} at most ${this.data[k][i + 1].reduce((a, b) => Math.max(a, b), 0)}`).join(", ");
    }
    width() { return Math.max(byId("plots").clientWidth - 4, 280); }
    fit() {
        const width = this.width();
        for (const plot of this.plots)
            if (plot.width !== width) plot.setSize({ width, height: 190 });
    }
    // A plot costs more than all lanes: they follow once the view rests.
    soon() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.follow(), REST);
    }
    follow() {
        for (const plot of this.plots)
            plot.setScale("x", { min: this.lanes.from / 1e9, max: this.lanes.to / 1e9 });
    }
    selected(plot) {
        if (plot.select.width < 3) return;
        const from = plot.posToVal(plot.select.left, "x");
        const to = plot.posToVal(plot.select.left + plot.select.width, "x");
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        this.lanes.look(from * 1e9, to * 1e9);
    }
}
