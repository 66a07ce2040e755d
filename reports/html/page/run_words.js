// The run in words: what broke, one event, verdicts, and the tables of events.

class Words {
    constructor(run, choose) {
        this.run = run;
        this.choose = choose;
        this.page = 0;
        this.size = 100;
        this.met = new Set(run.data.result.expectations.filter((one) => one.met)
            .map((one) => words(one.what)));
    }
    // Of a violated invariant: what the scenario says of that, or "violated".
    foreseen(id) {
        return this.met.has("violates " + id) ? "expected"
            : this.met.has("may violate " + id) ? "allowed" : "violated";
    }
    link(i, text) {
        return make("button", { class: "link mono", onclick: () => this.choose(i) }, text);
    }
    short(i) {
        const events = this.run.events;
        const who = events.lane[i] >= 0 ? this.run.name(events.lane[i]) + ": " : "";
        return `${seconds(events.at[i])} ${who}${events.text[i]}`;
    }
    header() {
        const { data } = this.run, result = data.result;
        byId("title").append(words(result.scenario), " ", make("span", { class: "word " + result.outcome },
            result.outcome));
        byId("why").textContent = words(data.why);
        const facts = [`${seconds(result.simulatedNs)} of ${data.time} time`,
            plural(data.lanes.length, "replica"), plural(result.leaderships, "leadership")];
        if (result.leaderlessNs.length)
            facts.push(`longest time without a leader ${seconds(Math.max(...result.leaderlessNs))}`);
        // Recordings have neither seed nor digest.
        if (data.time === "simulated") facts.unshift(`seed ${result.seed}`);
        if (data.time === "simulated") facts.push(`digest ${result.digest}`);
        byId("facts").append(...facts.map((fact) => make("span", {}, fact)));
        const left = data.leftOut ? ` Of ${plural(data.leftOut, "event")} far from any change the ` +
            "details are left out." : "";
        byId("made").append(`leasehold ${data.version}.${left} Again: `, make("code", {}, words(data.command)));
    }
    failure() {
        const { run } = this, { result } = run.data;
        if (result.outcome === "pass" && !run.broken.length && !result.internalError) return;
        byId("failure").hidden = false;
        const box = byId("broken");
        if (result.outcome === "pass") {
            byId("failure-title").textContent = "What broke, as the scenario foresees";
            box.className = "card foreseen";
        }
        if (result.internalError) box.append(make("p", {}, words(result.internalError)));
        for (const one of run.broken)
            box.append(make("p", {}, make("strong", {}, one.id), ` at ${seconds(one.atNs)}`,
                { expected: " (the scenario expects it): ", allowed: " (the scenario allows it): ",
                    violated: ": " }[this.foreseen(one.id)],
                words(one.what)));
        for (const one of result.expectations.filter((e) => !e.met))
            box.append(make("p", {}, `not met: ${words(one.what)} (${words(one.found)})`));
        if (run.wrongAt !== null) byId("wrong").hidden = false;
        byId("before").hidden = false;
        const steps = run.chain.map((i) => make("li", {}, this.link(i, this.short(i)),
            run.events.number[i] === run.wrong ? make("strong", {}, " ← first wrong step") : ""));
        for (const line of run.chainWords)
            steps.push(make("li", { class: "mono" }, `${seconds(line.atNs)} ${words(line.text)}`));
        byId("chain").append(...steps);
        if (result.state) byId("state").append(make("h3", {}, "State then"),
            make("pre", {}, words(result.state)));
    }
    event(i) {
        const { events } = this.run, lane = events.lane[i];
        const own = lane >= 0 ? this.run.ownClock(lane, events.at[i]) : null;
        const list = (title, found) => (found.length ? [make("h3", {}, title), make("ul", {},
            ...found.slice(0, 20).map((k) => make("li", {}, this.link(k, this.short(k)))))] : []);
        const effects = events.effects[i] ? events.effects[i].split("\n") : [];
        byId("event").replaceChildren(
            make("p", {}, make("strong", {}, `#${events.number[i]} ${this.run.name(lane)}`),
                ` (${events.kind[i]})`),
            make("p", { class: "mono" }, `true time ${seconds(events.at[i], 9)}`,
                own === null ? "" : `, own clock ${seconds(own, 9)}`),
            make("p", { class: "mono" }, events.text[i]),
            ...(effects.length ? [make("h3", {}, "Effects"), make("ul", { id: "effects" },
                ...effects.map((one) => make("li", { class: "mono" }, one)))] : []),
            ...list("Cause", this.run.causes(i)),
            ...list("What came of it", this.run.consequences(i)));
        byId("said").textContent = this.short(i);
    }
    verdicts() {
        const { result } = this.run.data;
        const word = (one) => (one.status === "violated" ? this.foreseen(one.id) : one.status);
        const rows = result.invariants.map((one) => make("tr", {},
            make("td", { class: "time " + word(one) }, WORDS[word(one)] || word(one)),
            make("td", { class: "mono time" }, one.id),
            make("td", { class: "number" }, one.checked.toLocaleString("en")),
            make("td", {}, words(one.what))));
        const wanted = result.expectations.map((one) => make("tr", {},
            make("td", { class: one.met ? "met" : "violated" }, one.met ? "met" : "NOT MET"),
            make("td", { colspan: 2 }, words(one.what)), make("td", {}, words(one.found))));
        byId("verdicts").append(table("Invariants, and what the scenario expects",
            ["Verdict", "Invariant", "#Checked", "What was found"], rows.concat(wanted)));
    }
    story() {
        const rows = this.run.data.result.timeline.map((line) => {
            const i = this.run.index.get(line.event);
            return make("tr", { class: line.event === this.run.wrong && "wrong" },
                make("td", { class: "time mono" }, seconds(line.atNs)),
                make("td", { class: "mono" }, line.columns),
                make("td", {}, i === undefined ? words(line.text) : this.link(i, words(line.text))));
        });
        byId("story").append(table("A capital letter leads, # crashed, z asleep, - cut off, . not running",
            ["Time", "Replicas", "What changed"], rows));
    }
    // Indices of the events that the table is asked for.
    wanted(lanes) {
        const { events, count } = this.run, text = byId("find").value.toLowerCase();
        const lane = byId("lane").value, changes = byId("changes").checked;
        const view = byId("in-view").checked, found = [];
        for (let i = 0; i < count; ++i) {
            if (lane !== "" && events.lane[i] !== Number(lane)) continue;
            if (changes && !events.change[i]) continue;
            if (view && (events.at[i] < lanes.from || events.at[i] > lanes.to)) continue;
            if (text && !(events.text[i] + "\n" + events.effects[i]).toLowerCase().includes(text)) continue;
            found.push(i);
        }
        return found;
    }
    events(lanes) {
        const { events } = this.run, found = this.wanted(lanes);
        const pages = Math.max(1, Math.ceil(found.length / this.size));
        this.page = Math.min(Math.max(this.page, 0), pages - 1);
        const rows = found.slice(this.page * this.size, (this.page + 1) * this.size).map((i) =>
            make("tr", { class: events.number[i] === this.run.wrong ? "wrong"
                : i === lanes.chosen && "chosen" },
                make("td", { class: "number" }, String(events.number[i])),
                make("td", { class: "time mono" }, seconds(events.at[i], 6)),
                make("td", {}, this.run.name(events.lane[i])),
                make("td", {}, this.link(i, events.text[i])),
                make("td", { class: "mono" }, events.effects[i].split("\n").join("; "))));
        byId("events").replaceChildren(table("Every event, oldest first",
            ["#Event", "Time", "Lane", "What happened", "Effects"], rows));
        byId("page-at").textContent = `${plural(found.length, "event")}, page ${this.page + 1} of ${pages}`;
    }
    filters(lanes) {
        const select = byId("lane");
        select.append(make("option", { value: "" }, "all"),
            ...this.run.lanes.concat(WORLD).map((lane) => make("option", { value: lane },
                this.run.name(lane))));
        const again = () => { this.page = 0; this.events(lanes); };
        for (const id of ["find", "lane", "changes", "in-view"])
            byId(id).addEventListener("input", again);
        byId("page-back").addEventListener("click", () => { --this.page; this.events(lanes); });
        byId("page-on").addEventListener("click", () => { ++this.page; this.events(lanes); });
        lanes.listeners.push(() => { if (byId("in-view").checked) this.later(again); });
        this.events(lanes);
    }
    later(act) {
        clearTimeout(this.timer);
        this.timer = setTimeout(act, 150);
    }
}
