import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page as Tab } from "playwright-core";
import { expect, it } from "vitest";
import { createStage } from "../../../sandbox/demo/stage.ts";
import { STORIES } from "../../../sandbox/demo/stories.ts";
import type { Stage, Story } from "../../../sandbox/demo/story.ts";
import type { LogLine } from "../../../sandbox/demo/ticks.ts";
import { startWorld, type World } from "../../../sandbox/demo/world.ts";
import { type Page, startPage } from "../../../sandbox/page/page-server.ts";
import { viewStories } from "../../../sandbox/page/story-view.ts";

const CHROMIUM = "/usr/bin/chromium";
const NO_CHROMIUM = `there is no ${CHROMIUM}: apt-get install chromium`;
/** Nothing but the page may be asked for, and nothing of a browser that a person would see. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const BUILD = fileURLToPath(new URL("../../../scripts/build.ts", import.meta.url));
const ARTIFACTS = fileURLToPath(new URL("../../../artifacts/", import.meta.url));
const TITLE = "<img src=x onerror=alert(1)> shows as it is";
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
/** Two cores play both stories in half a minute, and the whole suite may run beside it. */
const TEST_MS_MAX = 150_000;
const STEP_MS_MAX = 60_000;

/** Two that run, one of which asks; and two that are held from the first tick. The test plays the person. */
function cast(): readonly Story[] {
  return STORIES.filter(({ name }) => ["lands", "asks", "untrusted", "edited"].includes(name)).map(
    (story) => (story.name === "lands" ? { ...story, title: TITLE } : story),
  );
}

/** Builds the program into a folder of its own: a tick from the sources would take several times as long. */
function build(world: World): string {
  const folder = join(world.dir, "dist");
  execFileSync(process.execPath, [BUILD, folder]);
  return join(folder, "afk.cjs");
}

/** A tick as a process of its own. */
type Tick = {
  readonly bundle: string;
  readonly loop: "poll" | "watch";
  readonly env: World["env"];
};

async function runTick({ bundle, loop, env }: Tick, onLine: (line: LogLine) => void) {
  const child = spawn(process.execPath, [bundle, loop], { env: { ...env } });
  const closed = new Promise((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) onLine(JSON.parse(line));
  await closed;
}

type Demo = {
  readonly world: World;
  readonly page: Page;
  readonly stages: readonly Stage[];
  /** Ends the ticks, the page and the world. */
  end(): Promise<void>;
};

/** Plays the stories as the demo does, save that nobody but the test takes a hand in them. */
async function startDemo(): Promise<Demo> {
  const stories = cast();
  const world = await startWorld(stories);
  const bundle = build(world);
  const lines: LogLine[] = [];
  const deadline = () => Number.POSITIVE_INFINITY;
  const stages = stories.map((story) => createStage(world, world.open(story), { lines, deadline }));
  for (const stage of stages) stage.story.open?.(stage);
  const page = await startPage({
    world,
    stories: () => viewStories({ stories, stages, isOver: false }),
  });
  const follow = (line: LogLine) => {
    lines.push(line);
    page.tell(line);
  };
  let isEnding = false;
  const ticking = async () => {
    while (!isEnding) {
      const loops = ["poll", "watch"] as const;
      await Promise.all(loops.map((loop) => runTick({ bundle, loop, env: world.env }, follow)));
      await sleep(100);
    }
  };
  const ticks = ticking();
  return {
    world,
    page,
    stages,
    end: async () => {
      isEnding = true;
      await ticks;
      await page.stop();
      await world.close();
    },
  };
}

function tile(tab: Tab, name: string) {
  return tab
    .getByRole("region", { name: "Stories" })
    .getByRole("listitem")
    .filter({
      has: tab.getByRole("link", { name, exact: true }),
    });
}

/** Types with a pause in the middle, in which a comment arrives right beside the box. */
async function answerSlowly(tab: Tab, demo: Demo, words: readonly [string, string]): Promise<void> {
  await tab.getByRole("link", { name: "asks you" }).click({ timeout: STEP_MS_MAX });
  const box = tab.getByLabel("Which database?");
  await box.pressSequentially(words[0]);
  const { issue } = stageOf(demo, "asks");
  demo.world.forge.comment(issue, "Any news?", demo.world.person);
  await tab.getByText("Any news?").waitFor();
  expect(await box.inputValue()).toBe(words[0]);
  await tab.keyboard.type(words[1]);
  await tab.keyboard.press("Enter");
  await box.waitFor({ state: "detached", timeout: STEP_MS_MAX });
}

function stageOf({ stages }: Demo, name: string): Stage {
  const stage = stages.find(({ story }) => story.name === name);
  if (stage === undefined) throw new Error(`no story ${name} is on the stage`);
  return stage;
}

async function withBrowser(body: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    await body(browser);
  } finally {
    await browser.close();
  }
}

it("a person answers on the page, sees the verdicts come, and taps a doorbell", {
  timeout: TEST_MS_MAX,
}, async (context) => {
  context.skip(!existsSync(CHROMIUM), NO_CHROMIUM);
  const demo = await startDemo();
  try {
    await withBrowser(async (browser) => {
      const tab = await browser.newPage({ viewport: DESKTOP });
      const complaints: string[] = [];
      tab.on("console", (message) => complaints.push(message.text()));
      tab.on("pageerror", (error) => complaints.push(String(error)));
      tab.on("dialog", (dialog) => complaints.push(dialog.message()));
      await tab.goto(demo.page.url);
      expect(await tile(tab, "lands").textContent()).toMatch(/expected\s*done \(green\)/);

      await answerSlowly(tab, demo, ["SQ", "Lite"]);
      await tab.getByText("Going on with: SQLite").waitFor({ timeout: STEP_MS_MAX });

      for (const { story } of demo.stages) {
        const end = tile(tab, story.name).getByText("as expected");
        await end.waitFor({ timeout: STEP_MS_MAX });
      }
      await tab.getByText("4 of 4 ended as expected").waitFor();
      expect(await tile(tab, "asks").textContent()).toMatch(/got\s*done \(green\)/);
      expect(await tab.getByRole("heading", { name: TITLE }).count()).toBe(1);

      const bell = tab.getByRole("link", { name: "Open the thread of Done: acme/stock#1" });
      const [thread] = await Promise.all([tab.waitForEvent("popup"), bell.click()]);
      await thread.getByRole("heading", { name: "Keep the stock in a database" }).waitFor();
      expect(new URL(thread.url()).origin).toBe(demo.world.t3.url);

      mkdirSync(ARTIFACTS, { recursive: true });
      await tab.screenshot({ path: `${ARTIFACTS}page.png`, fullPage: true });
      await tab.setViewportSize(PHONE);
      const overflow = "document.documentElement.scrollWidth - window.innerWidth";
      expect(await tab.evaluate(overflow)).toBe(0);
      await tab.screenshot({ path: `${ARTIFACTS}page-phone.png`, fullPage: true });
      expect(complaints).toEqual([]);
    });
  } finally {
    await demo.end();
  }
});
