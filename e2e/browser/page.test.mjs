import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { home, launch, live, many, nothing, open, rows, sleep, until, updates } from "./browser.mjs";

let browser, first;
before(async () => {
	browser = await launch();
	first = await open(browser, home); // is watching all the while, so that leaks show
	await live(first);
});
after(() => browser?.close());

// show gives a test a page of its own, which must not complain of anything.
const show = (name, options, body) => test(name, async () => {
	const page = await open(browser, options.url ?? home, options);
	try {
		await body(page);
		if (!options.faulty) assert.deepEqual(page.faults, []);
	} finally {
		await page.close();
	}
});
const background = page => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
const light = "rgb(246, 248, 250)", dark = "rgb(13, 17, 23)";

show("loads, goes live and draws without a complaint", {}, async page => {
	await live(page);
	await until(page, () => { // a line needs two seconds
		const canvas = document.querySelector("#pool-table .spark canvas");
		return canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(v => v > 0);
	});
	const all = await rows(page);
	assert.ok(all.length >= 15, `${all.length} rows`);
});

// The limit is for a machine that does nothing else: where even an empty page
// takes long to paint, ours may take six times that (3.1 to 4.4 were measured),
// and where others take the CPU meanwhile there is another try.
test("the first paint is before 200 ms and the page with all it loads under 150 KB", async t => {
	let best = Infinity, empty = Infinity, bytes = 0;
	const limit = () => Math.max(200, 6 * empty);
	for (let i = 0; i < 20 && (i < 3 || best >= limit()); i++) {
		empty = Math.min(empty, (await firstPaint(nothing)).at);
		const paint = await firstPaint(home);
		best = Math.min(best, paint.at);
		bytes = paint.bytes;
	}
	t.diagnostic(`first contentful paint ${best.toFixed(0)} ms, of an empty page ${empty.toFixed(0)} ms; ${bytes} bytes`);
	assert.ok(best < limit(), `first paint at ${best} ms, of an empty page at ${empty} ms`);
	assert.ok(bytes > 60_000 && bytes < 150_000, `${bytes} bytes`);
});

// firstPaint is when a page that is not in any cache first showed something, and
// the size of all that it loaded.
async function firstPaint(url) {
	const context = await browser.createBrowserContext();
	try {
		const page = await context.newPage();
		await sleep(500); // Chromium loads the pages of its own window, on the same CPUs
		const bodies = [];
		const closed = () => ""; // the page is closed while a body that came after the paint is on its way
		page.on("response", r => { if (!r.url().includes("stream") && r.status() !== 204) bodies.push(r.buffer().catch(closed)); });
		await page.goto(url, { waitUntil: "load" });
		const at = await until(page, () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
		return { at, bytes: (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0) };
	} finally {
		await context.close();
	}
}

show("follows the program second by second", {}, async page => {
	await live(page);
	const id = await page.$$eval("#pool-table tbody tr", all => all.find(tr => tr.innerText.includes("session.state")).id.slice(4));
	const inUse = id => document.querySelector("#row-" + id + " td:nth-child(7)").innerText;
	const before = await page.evaluate(inUse, id);
	await until(page, (id, before) => document.querySelector("#row-" + id + " td:nth-child(7)").innerText !== before, id, before);
});

show("shows hostile names as text", {}, async page => {
	await live(page);
	await updates(page, 1);
	assert.equal(await page.title(), "Pools");
	const names = (await rows(page)).map(r => r.name);
	for (const name of [`<script>document.title="owned"</script>`, `"><img src=x onerror="document.title='owned'">`, "two\\nlines\\tand a tab", "not UTF-8: \\xff\\xfe", "right-to-left \\u202e override"]) {
		assert.ok(names.includes(name), `${name} is not among ${names.join(" | ")}`);
	}
	assert.equal(await page.$$eval("main img, main script", all => all.length), 0);
});

show("sorts by any column, both ways, on the server", {}, async page => {
	await live(page);
	const head = label => page.evaluateHandle(label => [...document.querySelectorAll("thead th")].find(th => th.innerText.trim().startsWith(label)), label);
	const sorted = async (label, way) => {
		await (await (await head(label)).$("a")).click();
		await until(page, (label, way) => [...document.querySelectorAll("thead th")].find(th => th.innerText.trim().startsWith(label)).getAttribute("aria-sort") === way, label, way);
		return (await rows(page)).map(r => r.name);
	};
	assert.equal((await sorted("Held", "descending"))[0], "image.tiles");
	assert.match(page.url(), /sort=held/);
	assert.equal(await page.evaluate(() => document.activeElement.innerText.trim().startsWith("Held")), true, "the focus is lost");
	assert.deepEqual((await sorted("Held", "ascending")).slice(-3), ["image.tiles", "legacy.import", "payment.locks"], "what is closed or hangs has no figure: last");
	const byName = await sorted("Pool", "ascending");
	assert.deepEqual(byName.filter(n => /^[a-z.]+$/.test(n)), ["archive.blocks", "batch.nightly", "cart.lines", "http.body", "image.tiles", "legacy.import", "order.events", "payment.locks", "report.pages", "session.state", "token.cache", "upload.chunks"]);
	await page.goBack();
	await until(page, () => location.search.includes("sort=held"));
});

show("filters while one types, and keeps what is typed", {}, async page => {
	await live(page);
	await page.type("#filter-text", "HTTP.b");
	await until(page, () => document.querySelectorAll("#pool-table tbody tr").length === 1);
	assert.deepEqual((await rows(page)).map(r => r.name), ["http.body"]);
	await updates(page, 2);
	assert.equal(await page.$eval("#filter-text", input => input === document.activeElement && input.value), "HTTP.b");
	await page.type("#filter-text", "zzz");
	await until(page, () => document.querySelector("#pools .empty")?.innerText.includes("None of"));
	await page.$eval("#filter-text", input => { input.value = ""; input.dispatchEvent(new Event("input", { bubbles: true })); });
	await until(page, () => document.querySelectorAll("#pool-table tbody tr").length > 10);
	await page.select("#filter-state", "closed");
	await until(page, () => document.querySelectorAll("#pool-table tbody tr").length === 1);
	assert.deepEqual((await rows(page)).map(r => r.name), ["legacy.import"]);
});

show("pauses, still sorts, and goes on", {}, async page => {
	await live(page);
	await page.click("#pause");
	assert.equal(await page.$eval("#live", e => e.textContent), "paused");
	assert.equal(await page.$eval("#pause", e => e.getAttribute("aria-pressed")), "true");
	const frozen = await page.$eval("#main", e => e.innerText);
	await sleep(2300);
	assert.equal(await page.$eval("#main", e => e.innerText), frozen);
	await page.click("th.name a");
	await until(page, () => document.querySelector("th.name").getAttribute("aria-sort") === "ascending");
	assert.equal(await page.$eval("#live", e => e.textContent), "paused");
	await page.click("#pause");
	await live(page);
	await updates(page, 2);
});

show("goes into a pool and back", {}, async page => {
	await live(page);
	await page.evaluate(() => [...document.querySelectorAll("#pool-table th a")].find(a => a.textContent === "archive.blocks").click());
	await until(page, () => document.querySelectorAll("#plots canvas").length === 4 && document.querySelector("#plot-curve canvas"));
	const text = await page.$eval("#pool", e => e.innerText);
	for (const part of ["archive.blocks", "If it held more, or less", "twice as much", "Size classes", "4 KiB", "the pool holds as much as its limit or budget allows", " of 24 MiB"]) {
		assert.ok(text.includes(part), `no ${part} in ${text}`);
	}
	await updates(page, 2);
	await page.goBack();
	await until(page, () => document.getElementById("pool-table"));
});

show("shows who misuses a pool, and who holds what is in use", { url: home + "?pool=cart.lines" }, async page => {
	await live(page);
	await updates(page, 1);
	const text = await page.$eval("#pool", e => e.innerText);
	for (const part of ["misused", " double Put", "given back a second time", "given back again by", "browser_test.checkOut pools_test.go:", "Who holds the objects in use", "browser_test.openSession pools_test.go:"]) {
		assert.ok(text.includes(part), `no ${part} in ${text}`);
	}
});

show("shows the configuration in force", {}, async page => {
	await live(page);
	await Promise.all([page.waitForNavigation(), page.click(".tools a")]);
	await live(page);
	await updates(page, 1);
	assert.match(await page.$eval("main", e => e.innerText), /http\.body:\n +limit: 32MiB # pools\.yaml:3/);
});

show("shows what the controller reads and did", {}, async page => {
	await live(page);
	await page.click("#controller-title a");
	await until(page, () => document.querySelectorAll(".decisions tbody tr").length === 5);
	const text = await page.$eval("#controller", e => e.innerText);
	for (const part of ["elevated", "heap 0.72 > 0.70", "none → high", "some avg10 12.4 > 10", "forced GC", "working set down by 24.1 MiB", "absent: open /proc/pressure/memory", "47 MiB of 96 MiB", "93.0 %"]) {
		assert.ok(text.includes(part), `no ${part} in ${text}`);
	}
});

show("colours a signal that is absent as no trouble, and leaves no part of the page empty", {}, async page => {
	await live(page);
	await updates(page, 1);
	const colour = (selector, name) => page.$eval(selector, (e, name) => {
		e.parentElement.appendChild(document.createElement("i")).style.color = `var(--${name})`;
		const same = getComputedStyle(e).color === getComputedStyle(e.parentElement.lastChild).color;
		e.parentElement.lastChild.remove();
		return same;
	}, name);
	assert.equal(await colour("#controller .absent", "faint"), true, "absent is not faint");
	for (const width of [1440, 1000, 500]) {
		await page.setViewport({ width, height: 900 });
		for (const section of ["#attention", "#controller"]) {
			const [wide, low] = await page.$eval(section, e => {
				const main = document.getElementById("main").getBoundingClientRect(), box = e.getBoundingClientRect();
				return [box.width / main.width, box.bottom - e.lastElementChild.getBoundingClientRect().bottom];
			});
			assert.ok(wide > 0.99 && low < 30, `${section} at ${width} px: ${wide} of the width, ${low} px empty below`);
		}
	}
});

show("shows a real controller at work", { url: many + "?view=controller" }, async page => {
	await live(page);
	await until(page, () => document.querySelectorAll(".decisions tbody tr").length > 0);
	const text = await page.$eval("#controller", e => e.innerText);
	for (const part of ["of 64 MiB", "heap", "first run", "unlimited → 64 MiB", "Idle ages that it has set", "shard-000"]) {
		assert.ok(text.includes(part), `no ${part} in ${text.slice(0, 2000)}`);
	}
});

show("follows the system's light or dark, until told otherwise", { scheme: "dark" }, async page => {
	await live(page);
	assert.equal(await background(page), dark);
	await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
	assert.equal(await background(page), light);
	await page.click("#theme"); // light
	await page.click("#theme"); // dark
	assert.equal(await background(page), dark);
	await page.reload();
	assert.equal(await background(page), dark, "the choice is forgotten");
	await live(page);
	await page.click("#theme"); // auto again, for the others
	assert.equal(await background(page), light);
});

for (const width of [360, 768, 1920]) {
	for (const path of ["", "?pool=http.body", "?pool=cart.lines", "?view=controller", "?view=config"]) {
		show(`fits ${width} pixels: ${path || "the list"}`, { width, url: home + path }, async page => {
			await live(page);
			assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, "the page scrolls sideways");
			for (const box of await page.$$eval("header button, h1, #pool-table", all => all.map(e => e.getBoundingClientRect().toJSON()))) {
				assert.ok(box.right <= width && box.left >= 0 && box.width > 0, JSON.stringify(box));
			}
		});
	}
}

show("is a table without JavaScript", { url: "about:blank" }, async page => {
	await page.setJavaScriptEnabled(false);
	await page.goto(home + "?sort=held");
	assert.equal((await rows(page))[0].name, "image.tiles");
	await Promise.all([page.waitForNavigation(), page.click("th.name a")]);
	assert.match(page.url(), /sort=name/);
	await page.type("#filter-text", "tiles");
	await Promise.all([page.waitForNavigation(), page.click("#filter noscript button")]);
	assert.deepEqual((await rows(page)).map(r => r.name), ["image.tiles"]);
	await Promise.all([page.waitForNavigation(), page.click("#pool-table tbody th a")]);
	assert.match(await page.$eval("#pool", e => e.innerText), /image\.tiles[^]*Size classes/);
});

show("can be used by keyboard", {}, async page => {
	await live(page);
	await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
	for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement.id), "pause");
	assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none", "the focus is not to be seen");
	await page.keyboard.press("Space");
	assert.equal(await page.$eval("#live", e => e.textContent), "paused");
	await page.keyboard.press("Enter");
	await live(page);
});

const axe = await readFile(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
for (const scheme of ["light", "dark"]) {
	for (const path of ["", "?pool=archive.blocks", "?pool=cart.lines", "?view=controller", "?view=config"]) {
		show(`has nothing that axe finds, ${scheme}: ${path || "the list"}`, { scheme, url: home + path }, async page => {
			await live(page);
			await page.evaluate(axe);
			const { violations } = await page.evaluate(() => window.axe.run());
			assert.deepEqual(violations.map(v => `${v.id}: ${v.nodes.map(n => n.html + " " + n.failureSummary).slice(0, 3).join("\n")}`), []);
		});
	}
}

show("says so when the program is gone, and comes back", { faulty: true }, async page => {
	await live(page);
	await page.setOfflineMode(true);
	await page.click("th.name a");
	await until(page, () => document.getElementById("live").dataset.state === "lost");
	await page.setOfflineMode(false);
	await live(page);
});

show("pages a thousand pools and stays smooth", { url: many }, async (page, t) => {
	await live(page);
	assert.equal((await rows(page)).length, 50);
	const client = await page.createCDPSession();
	await client.send("Performance.enable");
	const metrics = async () => Object.fromEntries((await client.send("Performance.getMetrics")).metrics.map(m => [m.name, m.value]));
	const before = await metrics();
	await updates(page, 3);
	const now = await metrics();
	const busy = (now.ThreadTime - before.ThreadTime) / (now.Timestamp - before.Timestamp); // of a CPU: what others take does not count
	console.log(`a thousand pools: ${(busy * 100).toFixed(1)} % of a CPU in the page's thread`);
	assert.ok(busy > 0 && busy < 0.5, `${busy * 100} % of a CPU is spent on updates`);
	await page.click("a[rel=next]");
	await until(page, () => document.querySelector(".pages span").textContent === "51–100 of 1000");
	await page.type("#filter-text", "shard-99");
	await until(page, () => document.querySelectorAll("#pool-table tbody tr").length === 10);
});

test("marks every pool for its fault, leaks within half a minute, also of what is still referenced", async () => {
	const marks = await until(first, () => {
		const all = [...document.querySelectorAll("#attention li")].map(li => ({
			name: li.querySelector(".name").textContent, mark: li.querySelector(".mark").textContent, why: li.querySelector(".why").textContent,
		}));
		const lost = all.some(m => m.name === "session.state" && m.why.includes("garbage collector")); // by a sample: sooner or later
		return lost && all.filter(m => m.mark === "leaking").length === 2 && all;
	});
	const want = {
		"payment.locks": "failed", "cart.lines": "misused", "session.state": "leaking", "order.events": "leaking",
		"token.cache": "thrashing", "report.pages": "refusing", "upload.chunks": "waiting", "image.tiles": "hoarding",
	};
	for (const { name, mark } of marks) assert.equal(mark, want[name], `${name} is marked ${mark}`);
	const why = name => marks.find(m => m.name === name)?.why;
	assert.match(why("payment.locks"), /^it hangs: it was asked for its figures .+ ago and has not answered$/);
	assert.match(why("order.events"), /^in use rose from [\d,]+ to [\d,]+ in \d+ (s|min), and traffic does not explain it$/);
	assert.match(why("session.state"), /in use.*; the garbage collector found [\d,]+ objects? never given back/);
	assert.match(await first.$eval("#said", e => e.textContent), /(session\.state|order\.events) leaking/, "it is not announced");
	assert.deepEqual(first.faults, []);
});
