// The pictures in lab/img. A hoard takes a minute to show, hence the wait.
import { home, launch, live, open, sleep, until } from "./browser.mjs";

const browser = await launch();
const watching = await open(browser, home);
await until(watching, () => document.querySelector("#attention .mark.leaking"));
await sleep(60_000);
for (const [name, path, width, height, scheme] of [
	["page-light", "", 1280, 1000, "light"],
	["page-dark", "", 1280, 1000, "dark"],
	["page-pool-light", "?pool=archive.blocks", 1280, 1000, "light"],
	["page-leak-dark", "?pool=session.state", 1280, 1000, "dark"],
	["page-misuse-light", "?pool=cart.lines", 1280, 1000, "light"],
	["page-controller-dark", "?view=controller", 1280, 620, "dark"],
	["page-narrow", "", 360, 1100, "light"],
]) {
	const page = await open(browser, home + path, { width, height, scheme });
	await live(page);
	await sleep(2500);
	await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
	await page.close();
}
await browser.close();
