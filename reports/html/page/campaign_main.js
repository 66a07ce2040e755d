// Puts the page of a campaign together.

function groupRow(group) {
    const text = words(group.signature);
    return make("tr", {},
        make("td", { class: group.outcome }, group.outcome),
        make("td", { class: "number" }, group.count.toLocaleString("en")),
        make("td", {}, group.page ? make("a", { href: group.page }, text) : text),
        make("td", { class: "number" }, group.firstRun.toLocaleString("en")),
        make("td", { class: "number" }, group.seed),
        make("td", { class: "mono" }, words(group.genome)),
        make("td", { class: "mono" }, words(group.scenario)));
}

function startCampaign(data) {
    document.title = `campaign: ${data.outcome}`;
    byId("title").append("campaign ", make("span", { class: "word " + data.outcome }, data.outcome));
    const failed = data.groups.reduce((sum, group) => sum + group.count, 0);
    byId("facts").append(...[plural(data.runs, "run"), `${data.passed.toLocaleString("en")} passed`,
        `${failed.toLocaleString("en")} failed`,
        `${(data.runs - data.passed - failed).toLocaleString("en")} without a verdict`,
        plural(Math.round(data.simulatedNs / 3.6e12), "hour") + " simulated"]
        .map((fact) => make("span", {}, fact)));
    const notes = data.notes.map(words);
    if (data.tallied === 0 && data.runs > 0) {
        notes.push("failovers and coverage stand on the pages of those who played these runs");
        for (const id of ["plots", "matrix-section"]) byId(id).hidden = true;
    } else if (data.tallied < data.runs)
        notes.push(`failovers and coverage are those of the last ${plural(data.tallied, "run")}`);
    byId("notes").append(...notes.map((note) => make("p", { class: "dim" }, note)));
    byId("groups").append(data.groups.length ? table("Kinds of failure, in the order in which they were " +
        "found; each leads to the page of its least run", ["Verdict", "#Times", "What broke, and how",
        "#First in run", "#Seed", "Genome", "Least scenario"], data.groups.map(groupRow))
        : make("p", {}, "Nothing."));
    byId("made").append(`leasehold ${data.version}. Again: `, make("code", {}, words(data.command)));
    requestAnimationFrame(() => setTimeout(() => {
        new Failovers({ all: "all runs", scenarios: [{ name: "all runs", failovers: data.failovers }] });
        matrix(data.matrix);
        document.body.dataset.ready = "true";
    }));
}

readData().then(startCampaign).catch(showProblem);
