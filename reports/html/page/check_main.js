// Puts the page of many runs together.

const shown = (of, k) => (of[0] ? seconds(of[k]) : "");

function scenarioRow(one) {
    const name = one.page ? make("a", { href: one.page }, words(one.name)) : words(one.name);
    return make("tr", {},
        make("td", { class: one.outcome }, one.outcome),
        make("td", {}, name, one.page ? make("span", { class: "dim" }, ` (seed ${one.shown})`) : ""),
        make("td", { class: "number" }, String(one.seeds)),
        ...[1, 2, 3].map((k) => make("td", { class: "number" }, shown(one.failover, k))),
        make("td", { class: "number" }, shown(one.leaderless, 3)),
        make("td", {}, words(one.why), ...one.bounds.map((bound) =>
            make("div", { class: "violated" }, "missed: " + words(bound)))));
}

function scenarios(data) {
    const text = byId("find").value.toLowerCase(), lost = byId("lost").checked;
    const found = data.scenarios.filter((one) => (!lost || one.outcome !== "pass") &&
        (words(one.name) + " " + words(one.why)).toLowerCase().includes(text));
    byId("scenarios").replaceChildren(table("Each scenario over all its seeds; its name leads to the page of " +
        "its worst run, or of its first", ["Verdict", "Scenario", "#Seeds", "#Failover P50", "#P99", "#Max",
        "#Longest without a leader", "Why it exists"], found.map(scenarioRow)));
    byId("found").textContent = plural(found.length, "scenario");
}

function failures(data) {
    if (!data.failures.length) return;
    byId("failures").hidden = false;
    byId("groups").append(...data.failures.map((group) => make("div", { class: "card wrong" },
        make("p", {}, make("strong", { class: group.outcome }, group.outcome), " ", words(group.reason)),
        make("p", {}, `${group.runs.length} times: `,
            ...group.runs.slice(0, 40).flatMap(([i, seed], k) => {
                const one = data.scenarios[i];
                const text = words(one.name) + (seed === null ? "" : ` seed ${seed}`);
                return [k ? "; " : "", one.page && (seed === null || one.shown === seed)
                    ? make("a", { href: one.page }, text) : text];
            }), group.runs.length > 40 ? "..." : ""))));
}

function startCheck(data) {
    const runs = data.scenarios.reduce((sum, one) => sum + one.seeds, 0);
    document.title = `${plural(data.scenarios.length, "scenario")}: ${data.outcome}`;
    byId("title").append(plural(data.scenarios.length, "scenario") + " ",
        make("span", { class: "word " + data.outcome }, data.outcome));
    const passed = data.scenarios.filter((one) => one.outcome === "pass").length;
    byId("facts").append(...[plural(runs, "run"), `${passed} of ${plural(data.scenarios.length, "scenario")} passed`]
        .map((fact) => make("span", {}, fact)));
    byId("made").append(`leasehold ${data.version}. Again: `, make("code", {}, words(data.command)));
    failures(data);
    scenarios(data);
    for (const id of ["find", "lost"]) byId(id).addEventListener("input", () => scenarios(data));
    requestAnimationFrame(() => setTimeout(() => {
        new Failovers(data);
        matrix(data.matrix);
        document.body.dataset.ready = "true";
    }));
}

readData().then(startCheck).catch(showProblem);
