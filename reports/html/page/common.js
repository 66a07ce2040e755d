// What both pages share: reading the data, words, elements.

const byId = (id) => document.getElementById(id);

// An element with attributes and children; texts are texts, never markup.
function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name === "onclick") element.addEventListener("click", value);
        else if (value !== undefined && value !== false) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== null));
    return element;
}

function table(caption, heads, rows, attributes = {}) {
    const head = heads.map((one) => {
        const numeric = one.startsWith("#");
        return make("th", { scope: "col", class: numeric && "number" }, numeric ? one.slice(1) : one);
    });
    return make("table", attributes, make("caption", {}, caption),
        make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

function showProblem(error) {
    const box = byId("problem");
    box.hidden = false;
    box.textContent = "This page cannot show its run: " + (error.message || String(error)) +
        ". Write it anew with leasehold --html.";
}

// The data lies in the page as base64 of gzip of JSON.
async function readData() {
    const text = byId("data").textContent.trim();
    let bytes;
    try {
        bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    } catch {
        throw new Error("its data is damaged (not base64)");
    }
    if (typeof DecompressionStream === "undefined")
        throw new Error("this browser is older than DecompressionStream (2023)");
    let json;
    try {
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
        json = await new Response(stream).text();
    } catch {
        throw new Error("its data is damaged (not a whole gzip)");
    }
    let data;
    try {
        data = JSON.parse(json);
    } catch {
        throw new Error("its data is damaged (not JSON)");
    }
    if (data.page !== document.body.dataset.page || data.schemaVersion !== 1)
        throw new Error(`its data is of another page (${data.page}, version ${data.schemaVersion})`);
    return data;
}

function seconds(ns, digits = 3) {
    return ns === null || ns === undefined ? "never" : (ns / 1e9).toFixed(digits) + "s";
}

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

const WORDS = { pass: "pass", violated: "VIOLATED", inconclusive: "inconclusive",
    notApplicable: "n/a", notChecked: "not checked" };

// A text of the report: a string, or bytes that are not UTF-8.
const words = (text) => (typeof text === "string" ? text : "(bytes) " + text.hex);

function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const laneColour = (lane) => colour(`--lane${((lane % 8) + 8) % 8}`);

// Calls `draw` again when the colours change.
function onColours(draw) {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    matchMedia("print").addEventListener("change", draw);
    addEventListener("beforeprint", draw);
    addEventListener("afterprint", draw);
}
