import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type SandboxT3, startT3 } from "../../../sandbox/t3/t3-server.ts";
import * as client from "./t3-client.ts";

let dir: string;
let t3: SandboxT3;
let http: ReturnType<typeof client.createClient>;
let link: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "afk-t3-"));
  t3 = await startT3({ dir: join(dir, "t3"), token: client.TOKEN });
  http = client.createClient(t3.url);
  await http.dispatch(client.projectCreate({ workspaceRoot: join(dir, "work") }));
  await http.dispatch(client.threadCreate("t1", { title: '<b>"Title"</b>' }));
  link = `/${t3.environmentId}/t1`;
});

afterEach(async () => {
  await t3.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A browser that is not paired: the page needs no token in the sandbox. */
async function open(path: string) {
  return client.createClient(t3.url, null).get(path);
}

it("the deep link opens the thread's page, all text escaped", async () => {
  await http.dispatch(client.turnStart("t1", { id: "1", text: "<script>alert(1)</script>" }));
  const { status, type, text } = await open(link);
  expect([status, type]).toEqual([200, expect.stringContaining("text/html")]);
  expect(text).toContain("&lt;b&gt;&quot;Title&quot;&lt;/b&gt;");
  expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(text).not.toContain("<script>");
  expect(text).toContain("turn none");
});

it.each(["/other/t1", "/ENV/t2", "/ENV/t1/more", "/ENV/%E0%A4%A"])(
  "%s is the index page, which shows no thread",
  async (path) => {
    const { status, text } = await open(path.replace("ENV", t3.environmentId));
    expect(status).toBe(200);
    expect(text).toContain("No such thread here.");
  },
);

it("an open question is answered through the page's form, once", async () => {
  const prompt = client.firstPrompt("asks", "file:///none");
  await http.dispatch(client.turnStart("t1", { id: "1", text: prompt }));
  await client.until("it asks", () => client.threadOf(t3, "t1").pending.length === 1);
  const { text } = await open(link);
  expect(text).toContain("Which database?");
  const hidden = [...text.matchAll(/type="hidden" name="(\w+)" value="([^"]+)"/g)];
  const form = new URLSearchParams();
  for (const [, name, value] of hidden) form.set(name ?? "", value ?? "");
  form.set("answer", "SQLite & more");
  const answer = () =>
    fetch(`${t3.url}/sandbox/answer`, { method: "POST", body: form, redirect: "manual" });
  const answered = await answer();
  expect([answered.status, answered.headers.get("location")]).toEqual([303, link]);
  await client.until("it goes on", () => client.threadOf(t3, "t1").messages.length > 2);
  expect((await open(link)).text).toContain("Going on with: SQLite &amp; more");
  expect((await open(link)).text).not.toContain("<form");
  expect((await answer()).status).toBe(409);
});
