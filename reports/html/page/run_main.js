// Puts a run's page together.

function legend(run) {
    const mark = (style, text) => make("span", {}, make("i", { style }), text);
    const stripes = (ink) => `background: repeating-linear-gradient(135deg, ${ink} 0 2px, transparent 2px 6px)`;
    byId("legend").append(
        ...run.data.lanes.map((lane, i) => mark(`background: var(--lane${i % 8})`, lane.name + " leads")),
        mark("background: var(--follower)", "follows"),
        mark("background: var(--gate); height: 0.35em", "write gate open"),
        mark(stripes("var(--asleep)"), "paused"), mark(stripes("var(--cut)"), "cut off"),
        mark("border: 1px dashed var(--crashed)", "crashed"),
        mark("background: var(--fault); border-left: 2px solid var(--cut)", "fault"),
        mark("background: var(--accent); height: 2px", "Lease message"),
        mark("background: var(--bucketline); height: 2px", "bucket message"),
        mark("border-top: 2px dashed var(--bad); height: 0", "never answered"));
}

function start(run) {
    const lanes = new Lanes(byId("lanes"), run);
    const choose = (i) => {
        lanes.chosen = i;
        lanes.show(run.at(i));
        told.event(i);
        history.replaceState(null, "", "#event=" + run.events.number[i]);
    };
    const told = new Words(run, choose);
    new Input(lanes, choose);
    const view = () => {
        byId("window").textContent = `${seconds(lanes.from)} to ${seconds(lanes.to)}`;
    };
    lanes.listeners.push(view);
    view();
    const press = (id, act) => byId(id).addEventListener("click", act);
    press("zoom-in", () => lanes.zoom(0.5));
    press("zoom-out", () => lanes.zoom(2));
    press("earlier", () => lanes.move(-0.25));
    press("later", () => lanes.move(0.25));
    press("whole", () => lanes.look(0, run.end));
    press("wrong", () => {
        const at = run.index.has(run.wrong) ? run.at(run.index.get(run.wrong)) : run.wrongAt;
        if (at === null) return;
        lanes.look(at - 2e9, at + 2e9);
        if (run.index.has(run.wrong)) choose(run.index.get(run.wrong));
    });
    byId("arrows").addEventListener("input", (event) => {
        lanes.arrows = event.target.checked;
        lanes.soon();
    });
    told.header();
    told.failure();
    legend(run);
    told.verdicts();
    told.story();
    // What is below the first screen comes after the first paint.
    requestAnimationFrame(() => setTimeout(() => {
        const plots = new Plots(run, lanes);
        onColours(() => { lanes.draw(); plots.build(); });
        told.filters(lanes);
        const asked = /^#event=(\d+)$/.exec(location.hash);
        if (asked && run.index.has(Number(asked[1]))) choose(run.index.get(Number(asked[1])));
        document.body.dataset.ready = "true";
    }));
    // For tests and the console: where an event is on the screen.
    window.leasehold = { run, lanes, where: (number) => lanes.tick(run.index.get(number)) };
}

readData().then((data) => start(new Run(data))).catch(showProblem);
