import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Changes } from "../../../sandbox/page/page-regions.ts";
import { type Page, startPage } from "../../../sandbox/page/page-server.ts";
import { FakeWorld, HOSTILE } from "./small-page.ts";

let world: FakeWorld;
let page: Page;

beforeEach(async () => {
  world = new FakeWorld();
  page = await startPage({ world, stories: () => [world.view] });
});

afterEach(async () => {
  await page.stop();
});

async function changesSince(version: number | string): Promise<Changes> {
  const response = await fetch(new URL(`changes?since=${version}`, page.url));
  expect(response.headers.get("content-type")).toBe("application/json");
  return (await response.json()) as Changes;
}

async function regionOf(id: string): Promise<string> {
  const { regions } = await changesSince(0);
  return regions.find((region) => region.id === id)?.html ?? "";
}

function idsOf({ regions }: Changes): readonly string[] {
  return regions.map(({ id }) => id).toSorted();
}

const ALL = ["bells", "decisions", "detail-lands", "summary", "tiles"];

describe("what changed", () => {
  it("is everything for who has seen nothing, and nothing for who has seen it all", async () => {
    const first = await changesSince(0);
    expect(idsOf(first)).toEqual(ALL);
    const second = await changesSince(first.version);
    expect([second.version, second.regions]).toEqual([first.version, []]);
  });

  it("is the regions that changed since, for each reader", async () => {
    const { version } = await changesSince(0);
    page.tell({ level: "info", loop: "poller", decision: { kind: "dispatch" }, msg: "decided" });
    expect(idsOf(await changesSince(version))).toEqual(["decisions"]);
    world.ring("http://127.0.0.1:9/env/t");
    const next = await changesSince(version);
    expect(idsOf(next)).toEqual(["bells", "decisions"]);
    expect(next.version).toBeGreaterThan(version);
    expect(idsOf(await changesSince(next.version))).toEqual([]);
  });

  it.each(["99", "-1", "x", ""])("since the unknown version %j is everything", async (version) => {
    await changesSince(0);
    expect(idsOf(await changesSince(version))).toEqual(ALL);
  });

  it("is a new end of a story, in its tile, its heading, the summary and the title", async () => {
    const before = await changesSince(0);
    expect(before.title).toBe("0/1 · afk demo");
    world.view = { ...world.view, got: "done (green)", end: "as-expected" };
    const after = await changesSince(before.version);
    expect(after.title).toBe("1/1 · afk demo");
    expect(idsOf(after)).toEqual(["detail-lands", "summary", "tiles"]);
    expect(await regionOf("summary")).toContain("1 of 1 ended as expected");
    expect(await regionOf("tiles")).toMatch(/tile as-expected.*as expected.*got.*done \(green\)/s);
  });
});

describe("a tile", () => {
  it("says in words that a story ended otherwise", async () => {
    world.view = { ...world.view, got: "frozen (no-ci)", end: "otherwise" };
    const tile = await regionOf("tiles");
    expect(tile).toMatch(/tile otherwise.*icon-cross.*otherwise.*frozen \(no-ci\)/s);
    expect((await changesSince(0)).title).toBe("0/1, 1 otherwise · afk demo");
  });

  it("leads to the answer box of a story that asks", async () => {
    world.ask("Which database?");
    expect(await regionOf("tiles")).toContain('<a href="#answer-r1">asks you</a>');
    expect((await changesSince(0)).title).toBe("? 0/1 · afk demo");
  });

  it("waits for a story whose issue is not open yet", async () => {
    world.view = { ...world.view, issue: null, end: "not-begun" };
    expect(await regionOf("tiles")).toContain("to come");
    expect(await regionOf("detail-lands")).toContain("Its issue is not open yet.");
  });
});

describe("a story's issue and thread", () => {
  it("show state, labels and comments by kind, afk's markers hidden", async () => {
    world.comment("<!-- afk:run=0123456789ab -->\n- [x] Pushed\n<!-- afk:record {} -->");
    world.comment("<!-- afk:notice run=0123456789ab -->\n**Done.** It is green.");
    world.comment("<!-- afk:notice run=0123456789ab -->\nMine!", "mallory");
    const detail = await regionOf("detail-lands");
    expect(detail).toContain('<li class="state open">open</li><li class="label">ready-for-agent');
    expect(detail).toMatch(/comment progress.*done: <\/span>Pushed.*comment notice.*Done\./s);
    expect(detail).toMatch(/class="comment comment"[^>]*aria-label="comment by mallory"/);
    expect(detail).not.toContain("afk:record");
  });

  it("show the transcript, and the answer box of a question with what the agent suggests", async () => {
    world.say("user", "The prompt\nwith more");
    world.say("assistant", "I have a question.");
    world.ask("Which database?", ["SQLite"]);
    const detail = await regionOf("detail-lands");
    expect(detail).toContain("<summary>The prompt</summary>");
    expect(detail).toContain("<pre>I have a question.</pre>");
    expect(detail).toMatch(/<label for="answer-r1">.*Which database\?.*<input id="answer-r1"/s);
    expect(detail).toContain('name="choice" value="SQLite"');
  });

  it("are those of its own repo and number", async () => {
    const { thread } = world;
    world.thread = { ...thread, workspaceRoot: "/tmp/workspaces/acme__blog" };
    expect(await regionOf("detail-lands")).toContain("No thread.");
    world.thread = { ...thread, id: "afk-0123456789ab-11-0" };
    expect(await regionOf("detail-lands")).toContain("No thread.");
    world.thread = thread;
    expect(await regionOf("detail-lands")).toContain(thread.id);
  });
});

describe("a doorbell", () => {
  it("leads to the thread's page and to the story it is about", async () => {
    world.ring(`http://127.0.0.1:9/env/${world.thread.id}`);
    const bells = await regionOf("bells");
    expect(bells).toContain(`href="http://127.0.0.1:9/env/${world.thread.id}"`);
    expect(bells).toContain('<a href="#story-lands">');
  });

  it("leads nowhere when its link is none a browser may follow", async () => {
    world.ring("javascript:alert(1)");
    const bells = await regionOf("bells");
    expect(bells).toContain("no link");
    expect(bells).not.toContain("javascript:");
  });
});

describe("hostile text", () => {
  it("is escaped wherever it comes from", async () => {
    world.issue = { ...world.issue, title: HOSTILE, body: HOSTILE, labels: [HOSTILE] };
    world.view = { ...world.view, tells: HOSTILE, title: HOSTILE, got: HOSTILE };
    world.thread = { ...world.thread, title: HOSTILE };
    world.comment(HOSTILE, HOSTILE);
    world.say("user", HOSTILE);
    world.say("assistant", HOSTILE);
    world.ask(HOSTILE, [HOSTILE]);
    world.ring("http://127.0.0.1:9/", HOSTILE);
    const decision = { kind: "hold", because: HOSTILE, detail: HOSTILE };
    page.tell({ level: "info", loop: HOSTILE, issue: HOSTILE, decision, msg: "decided" });
    const { regions } = await changesSince(0);
    for (const { html } of regions) expect(html).not.toMatch(/<script|<img|alert\('x/);
    const shown = regions.filter(({ html }) => html.includes("&lt;script&gt;"));
    expect(shown.map(({ id }) => id).toSorted()).toEqual(ALL.filter((id) => id !== "summary"));
    const whole = await (await fetch(page.url)).text();
    expect(whole.match(/<script/g)).toHaveLength(1);
  });

  it("could not run if it were not: only the page's own style and script are allowed", async () => {
    const response = await fetch(page.url);
    const policy = response.headers.get("content-security-policy") ?? "";
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(await response.text()).toContain(`<script nonce="${nonce}">`);
    const again = await fetch(page.url);
    expect(again.headers.get("content-security-policy")).not.toContain(nonce);
  });
});

function answer(fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams({ threadId: world.thread.id, requestId: "r1", ...fields });
  return fetch(new URL("answer", page.url), { method: "POST", body, headers, redirect: "manual" });
}

describe("an answer", () => {
  beforeEach(() => world.ask("Which database?", ["SQLite"]));

  it("reaches the agent, trimmed", async () => {
    expect((await answer({ answer: " Postgres " })).status).toBe(200);
    expect(world.answers).toEqual([`${world.thread.id} r1 Postgres`]);
  });

  it("is the suggestion that was chosen, whatever stands in the box", async () => {
    await answer({ answer: "", choice: "SQLite" });
    expect(world.answers).toEqual([`${world.thread.id} r1 SQLite`]);
  });

  it("without the page's script leads back to the page", async () => {
    const { status, headers } = await answer({ answer: "SQLite" }, { accept: "text/html" });
    expect([status, headers.get("location")]).toEqual([303, "/"]);
  });

  it.each([
    ["of nothing", { answer: "  " }, {}, 400],
    ["to what is not asked", { requestId: "r2", answer: "a" }, {}, 409],
    ["from another page", { answer: "a" }, { origin: "http://evil.example" }, 403],
    ["past the limit", { answer: "a".repeat(20_000) }, {}, 413],
  ] as const)("%s is refused and reaches nobody", async (_name, fields, headers, status) => {
    expect((await answer(fields, headers)).status).toBe(status);
    expect(world.answers).toEqual([]);
  });

  it("from the page itself is taken", async () => {
    const origin = new URL(page.url).origin;
    expect((await answer({ answer: "a" }, { origin })).status).toBe(200);
  });
});

/** As a browser whose name for this address is another site's. */
async function statusFor(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL("changes", page.url), { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject).end();
  });
}

it("a page that came in by another name gets nothing", async () => {
  const { port } = new URL(page.url);
  expect(await statusFor(`evil.example:${port}`)).toBe(421);
  expect(await statusFor("127.0.0.1:1")).toBe(421);
  expect(await statusFor(`localhost:${port}`)).toBe(200);
});

it("other paths are not there", async () => {
  expect((await fetch(new URL("page.js", page.url))).status).toBe(404);
});
