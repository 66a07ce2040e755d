// The distribution of failovers, drawn by uPlot.

// client-go v0.34.4, lease 15 s, a crash of the leader before two followers, on real servers: what is
// kept of its 320 runs (bench/election_bench.cpp), as [percent, seconds].
const CLIENT_GO = { name: "client-go 0.34.4, measured", count: 320,
    ranks: [[50, 16.61], [90, 18.29], [99, 19.46], [100, 19.76]] };

// Steps of an empirical distribution: for each value in seconds, the share that is not above it.
function ecdf(values) {
    const sorted = values.map((ns) => ns / 1e9).sort((a, b) => a - b);
    return [sorted, sorted.map((_, i) => (i + 1) / sorted.length * 100)];
}

// The smallest value that at least `percent` of all don't exceed.
function rank(sorted, percent) {
    return sorted[Math.max(Math.ceil(sorted.length * percent / 100), 1) - 1];
}

class Failovers {
    constructor(data) {
        this.data = data;
        this.beside = "";
        const select = byId("beside");
        const having = data.scenarios.map((one, i) => [one, i]).filter(([one]) => one.failovers.length);
        select.append(make("option", { value: "" }, "none"),
            ...having.map(([one, i]) => make("option", { value: i }, words(one.name))));
        select.addEventListener("input", () => { this.beside = select.value; this.draw(); });
        onColours(() => this.draw());
        new ResizeObserver(() => this.fit()).observe(byId("plots"));
        this.draw();
    }
    curves() {
        const all = this.data.scenarios.flatMap((one) => one.failovers);
        const list = [{ name: this.data.all || "all scenarios", values: all, ink: "--accent" }];
        if (this.beside !== "") {
            const one = this.data.scenarios[Number(this.beside)];
            list.push({ name: words(one.name), values: one.failovers, ink: "--lane1" });
        }
        return list.filter((curve) => curve.values.length);
    }
    width() { return Math.max(byId("plots").clientWidth - 4, 280); }
    fit() {
        if (this.plot && this.plot.width !== this.width())
            this.plot.setSize({ width: this.width(), height: 320 });
    }
    draw() {
        if (this.plot) this.plot.destroy();
        this.plot = null;
        const curves = this.curves();
        this.figures(curves);
        if (!curves.length) return byId("ecdf").replaceChildren("No failover was measured.");
        const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 } };
        const data = uPlot.join(curves.map((curve) => {
            const [x, y] = ecdf(curve.values);
            return [[0, ...x], [0, ...y]];
        }).map(([x, y]) => this.unique(x, y)));
        this.plot = new uPlot({
            width: this.width(), height: 320, scales: { y: { range: [0, 100] },
                x: { time: false, range: (_, from, to) => [from, Math.max(to, CLIENT_GO.ranks[3][1] + 0.5)] } },
            axes: [{ ...axis, values: (_, ticks) => ticks.map((t) => t + "s") },
                { ...axis, values: (_, ticks) => ticks.map((t) => t + "%") }],
            series: [{ label: "failover", value: (_, v) => (v === null ? "" : v.toFixed(3) + "s") },
                ...curves.map((curve) => ({ label: curve.name, stroke: colour(curve.ink), width: 2,
                    spanGaps: true, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) }))],
            hooks: { draw: [(plot) => this.reference(plot)] },
        }, data, byId("ecdf"));
        byId("ecdf").querySelector(".u-legend").setAttribute("aria-label", "Failovers: legend");
    }
    // Of equal values the last share: uPlot wants growing places.
    unique(x, y) {
        const places = [], shares = [];
        x.forEach((value, i) => {
            if (i + 1 < x.length && x[i + 1] === value) return;
            places.push(value);
            shares.push(y[i]);
        });
        return [places, shares];
    }
    // Between two known shares nothing is known: they are joined by dashes.
    reference(plot) {
        const c = plot.ctx;
        const points = CLIENT_GO.ranks.map(([percent, at]) => [plot.valToPos(at, "x", true),
            plot.valToPos(percent, "y", true)]);
        c.save();
        c.strokeStyle = c.fillStyle = colour("--warn");
        c.lineWidth = 2;
        c.setLineDash([6, 4]);
        c.beginPath();
        points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
        c.stroke();
        for (const [x, y] of points) c.fillRect(x - 3, y - 3, 6, 6);
        // To the right below the line: ours comes before it, on the left.
        const { left, width } = plot.bbox, wide = c.measureText(CLIENT_GO.name).width;
        c.textAlign = "left";
        c.fillText(CLIENT_GO.name, Math.min(points[0][0] + 10, left + width - wide), points[0][1] + 14);
        c.restore();
    }
    // The same as figures, for reading.
    figures(curves) {
        const rows = curves.map((curve) => {
            const [sorted] = ecdf(curve.values);
            return make("tr", {}, make("td", {}, curve.name), ...[sorted.length,
                ...[50, 90, 99, 100].map((percent) => rank(sorted, percent).toFixed(3) + "s")].map(
                (text) => make("td", { class: "number" }, String(text))));
        });
        rows.push(make("tr", {}, make("td", {}, CLIENT_GO.name + ": crash, two followers"),
            ...[CLIENT_GO.count, ...CLIENT_GO.ranks.map(([, at]) => at.toFixed(2) + "s")].map(
                (text) => make("td", { class: "number" }, String(text)))));
        byId("figures").replaceChildren(table("Failovers", ["Of", "#Count", "#P50", "#P90", "#P99", "#Max"],
            rows));
    }
}
