// The server renders everything, here too: a stream brings the page's main part
// as markup once a second, which is patched into place, and the points that the
// charts gain. Without this script the page is the same, and stands still.
"use strict";
(() => {
const root = document.documentElement;
const themes = ["auto", "light", "dark"];
const stored = () => { try { return localStorage.getItem("poolz-theme") || "auto"; } catch { return "auto"; } };
const applyTheme = name => { if (name === "auto") delete root.dataset.theme; else root.dataset.theme = name; };
applyTheme(stored()); // before the first paint

document.addEventListener("DOMContentLoaded", () => {
const $ = id => document.getElementById(id);
const main = $("main"), live = $("live"), pause = $("pause"), theme = $("theme"), said = $("said");

// ---- Patching: the old nodes stay wherever they fit, and with them focus,
// selection and charts.
const trusted = window.trustedTypes
	? window.trustedTypes.createPolicy("poolz", { createHTML: text => text }) // from this server, which escapes
	: { createHTML: text => text };
const parse = text => new DOMParser().parseFromString(trusted.createHTML(text), "text/html").body;
const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");

function patch(old, fresh) {
	if (old.nodeType !== Node.ELEMENT_NODE) {
		if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
		return;
	}
	for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
	for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
	if (old === document.activeElement && old.matches("input, select")) return; // somebody is using it
	if (old.matches("input, select") && fresh.value !== undefined) old.value = fresh.value;
	if (!old.hasAttribute("data-keep")) patchChildren(old, fresh);
}

function patchChildren(old, fresh) {
	const named = new Map();
	for (const child of old.children) if (child.id) named.set(child.id, child);
	let at = old.firstChild;
	for (const next of [...fresh.childNodes]) {
		let match = next.id ? named.get(next.id) : null;
		if (match && match !== at) old.insertBefore(match, at); // a row that moved
		else if (!match && at && same(at, next)) match = at;
		if (match) {
			patch(match, next);
			at = match.nextSibling;
		} else {
			old.insertBefore(document.importNode(next, true), at);
		}
	}
	while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}

// ---- Charts.
const color = name => getComputedStyle(root).getPropertyValue("--" + name).trim();
const short = v => {
	const a = Math.abs(v);
	return a >= 1e9 ? (v / 1e9).toPrecision(3) + "G" : a >= 1e6 ? (v / 1e6).toPrecision(3) + "M" : a >= 1e4 ? (v / 1e3).toPrecision(3) + "k" : String(+v.toPrecision(3));
};
const size = v => {
	let unit = 0;
	while (Math.abs(v) >= 1000 && unit < 4) { v /= 1024; unit++; }
	return +v.toPrecision(3) + " " + ["B", "KiB", "MiB", "GiB", "TiB"][unit];
};
const line = (name, fill, dash) => ({ stroke: () => color(name), width: 1.5, points: { show: false }, dash,
	fill: fill ? () => "color-mix(in srgb, " + color(name) + " 14%, transparent)" : undefined });
const fromZero = (_, min, max) => [0, max > 0 ? max * 1.1 : 1];
const around = (_, min, max) => { const pad = Math.max((max - min) * 0.1, Math.abs(max) * 0.05, 1); return [min < 0 ? min - pad : Math.max(0, min - pad), max + pad]; };
const powers = Array.from({ length: 45 }, (_, k) => 2 ** k); // round in binary units
const axis = format => ({ stroke: () => color("faint"), font: "11px system-ui, sans-serif", grid: { stroke: () => color("line"), width: 1 },
	ticks: { show: false }, size: format ? 62 : 26, values: format ? (_, vs) => vs.map(format) : undefined });
const clock = { ...axis(), values: (_, vs) => vs.map(v => new Date(v * 1000).toTimeString().slice(0, 8)), space: 56 };
const overTime = (series, format, range) => ({ series, scales: { y: { range } }, axes: [clock, axis(format)] });
const kinds = {
	spark: { series: [line("hit", true), line("miss")], scales: { y: { range: fromZero } }, axes: [{ show: false }, { show: false }], keep: 60 },
	requests: overTime([line("hit", true), line("miss"), line("faint")], short, fromZero),
	held: { ...overTime([line("held", true)], size, fromZero), axes: [clock, { ...axis(size), incrs: powers }] },
	inuse: overTime([line("use", true)], short, around),
	drops: overTime([line("drop", true), line("drop", false, [4, 4])], short, fromZero),
	curve: { series: [line("hit", true)], scales: { x: { time: false }, y: { range: (_, min) => [Math.max(0, Math.floor(min - 2)), 100] } },
		axes: [{ ...axis(v => (v > 0 ? "+" : "") + size(v)), size: 26, space: 90, incrs: powers }, axis(v => v + " %")] },
};
const charts = new Map(); // by element id: {plot, data, width}

function draw(id) {
	const box = $(id), chart = charts.get(id);
	if (!box || !chart || typeof uPlot === "undefined" || box.clientWidth === 0) return;
	if (chart.plot && chart.plot.root.parentNode === box) {
		if (chart.width !== box.clientWidth) { chart.width = box.clientWidth; chart.plot.setSize({ width: box.clientWidth, height: box.clientHeight }); }
		chart.plot.setData(chart.data);
		return;
	}
	if (chart.plot) chart.plot.destroy();
	const kind = kinds[box.dataset.chart];
	chart.width = box.clientWidth;
	chart.plot = new uPlot({ width: box.clientWidth, height: box.clientHeight, legend: { show: false }, cursor: { show: false },
		pxAlign: 0, padding: kind.keep ? [2, 0, 2, 0] : [8, 28, 0, 0], scales: kind.scales, axes: kind.axes, series: [{}, ...kind.series] }, chart.data, box);
}

function gain({ append, replace }) {
	for (const [id, columns] of Object.entries(append)) {
		const chart = charts.get(id) || { data: columns.map(() => []) };
		const keep = (kinds[$(id)?.dataset.chart] || {}).keep || 120;
		chart.data = chart.data.map((c, i) => c.concat(columns[i]).slice(-keep));
		charts.set(id, chart);
	}
	for (const [id, columns] of Object.entries(replace)) charts.set(id, { ...charts.get(id), data: columns });
	for (const [id, chart] of charts) {
		if (!$(id)) { chart.plot?.destroy(); charts.delete(id); } else draw(id);
	}
}
function redraw() {
	for (const [id, chart] of charts) { chart.plot?.destroy(); chart.plot = null; draw(id); }
}

// ---- The stream.
let source = null, paused = false, wanted = location.search;
const state = (name, text) => { if (live.dataset.state !== name) { live.dataset.state = name; live.textContent = text; } };

function connect() {
	source?.close();
	source = null;
	if (paused || document.hidden) return;
	const query = new URLSearchParams(wanted);
	for (const other of ["seconds", "format"]) query.delete(other);
	query.set("stream", "1");
	const mine = source = new EventSource("?" + query);
	let first = true;
	mine.addEventListener("view", event => {
		if (mine !== source) return;
		if (first) { for (const chart of charts.values()) chart.data = chart.data.map(() => []); first = false; }
		patchChildren(main, parse(event.data));
		announce();
		state("live", "live");
		fetch("?ack=" + event.lastEventId).catch(() => {}); // or the server takes this client for one that does not read
	});
	mine.addEventListener("points", event => { if (mine === source) gain(JSON.parse(event.data)); });
	mine.onopen = () => { first = true; };
	mine.onerror = () => {
		if (mine !== source) return;
		state("lost", "no connection, trying again");
		if (mine.readyState === EventSource.CLOSED) setTimeout(() => { if (mine === source) connect(); }, 3000);
	};
}

// What needs attention is said once, when it changes.
let announced = null;
function announce() {
	const marks = [...document.querySelectorAll("#attention li")].map(li => li.querySelector(".name").textContent + " " + li.querySelector(".mark").textContent).join(", ");
	if (!$("attention") || marks === announced) return;
	if (announced !== null) said.textContent = marks ? "Needs attention: " + marks : "Nothing needs attention";
	announced = marks;
}

// go shows another query without loading the page again.
function go(search, replace) {
	wanted = search;
	history[replace ? "replaceState" : "pushState"](null, "", search || location.pathname);
	show();
}
async function show() {
	if (!paused) return connect();
	const answer = await fetch(wanted || location.pathname, { headers: { Accept: "text/html" } });
	patchChildren(main, parse(await answer.text()).querySelector("#main"));
	redraw();
}
addEventListener("popstate", () => { wanted = location.search; show(); });

main.addEventListener("click", event => {
	const link = event.target.closest("a[href^='?']");
	if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
	event.preventDefault();
	const moves = link.closest("thead") === null;
	go(link.getAttribute("href"));
	if (moves) { scrollTo(0, 0); main.tabIndex = -1; main.focus({ preventScroll: true }); }
});
const search = form => {
	const query = new URLSearchParams(new FormData(form));
	for (const [name, value] of [...query]) if (!value) query.delete(name);
	return "?" + query;
};
let typing;
main.addEventListener("input", event => {
	const form = event.target.form;
	if (form?.id !== "filter") return;
	clearTimeout(typing);
	typing = setTimeout(() => go(search(form), true), 150);
});
main.addEventListener("submit", event => { event.preventDefault(); clearTimeout(typing); go(search(event.target), true); });

pause.hidden = theme.hidden = false;
pause.addEventListener("click", () => {
	paused = !paused;
	pause.setAttribute("aria-pressed", paused);
	pause.textContent = paused ? "Resume" : "Pause";
	if (paused) state("paused", "paused");
	connect();
});
const nameTheme = () => { theme.textContent = "Theme: " + stored(); };
theme.addEventListener("click", () => {
	const next = themes[(themes.indexOf(stored()) + 1) % themes.length];
	try { localStorage.setItem("poolz-theme", next); } catch { /* it lasts as long as the page */ }
	applyTheme(next);
	nameTheme();
	redraw();
});
nameTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("resize", () => { for (const id of charts.keys()) draw(id); });
document.addEventListener("visibilitychange", connect); // a hidden page costs the program nothing
connect();
});
})();
