// What the tests and the pictures share: a browser, and pages that report what
// goes wrong on them.
import { setTimeout as sleep } from "node:timers/promises";
import puppeteer from "puppeteer-core";

export { sleep };
export const home = process.env.PAGE;
export const many = process.env.MANY;
export const nothing = process.env.NOTHING;

export const launch = () => puppeteer.launch({
	executablePath: process.env.CHROMIUM,
	args: ["--disable-gpu", "--disable-dev-shm-usage", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
});

// open shows a URL and keeps what the page complains of in page.faults.
export async function open(browser, url, { width = 1280, height = 800, scheme = "light" } = {}) {
	const page = await browser.newPage();
	page.faults = [];
	page.on("console", message => {
		const ours = message.text().includes("willReadFrequently"); // the tests read charts back, the page does not
		if (["error", "warn"].includes(message.type()) && !ours) page.faults.push(message.text());
	});
	page.on("pageerror", error => page.faults.push(error.message));
	page.on("response", response => { if (response.status() >= 400) page.faults.push(`${response.status()} ${response.url()}`); });
	await page.setViewport({ width, height });
	await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
	await page.goto(url, { waitUntil: "load" });
	return page;
}

// until waits for a function in the page to return something true, and returns
// it.
export async function until(page, fn, ...args) {
	const handle = await page.waitForFunction(fn, { timeout: 40_000, polling: 50 }, ...args);
	return handle.jsonValue();
}

// updates waits for n more updates of the page.
export async function updates(page, n) {
	await page.evaluate(() => {
		window.seen = 0;
		window.observer?.disconnect();
		window.observer = new MutationObserver(() => { window.seen++; });
		window.observer.observe(document.getElementById("tiles"), { subtree: true, characterData: true, childList: true });
	});
	await until(page, n => window.seen >= n, n);
}

export const live = page => until(page, () => document.getElementById("live").dataset.state === "live");
export const rows = page => page.$$eval("#pool-table tbody tr", all => all.map(tr => ({
	name: tr.querySelector("th a").textContent, state: tr.querySelector("td.state").innerText, cells: [...tr.cells].map(c => c.innerText.trim()),
})));
