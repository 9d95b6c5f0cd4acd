import { describe, expect, it } from "vitest";
import { json, type Reply } from "../http/loopback.ts";
import { type FakeT3, HTML, NOW, OURS, threadWire, withT3 } from "./t3-world.ts";

const DISPATCH = "/api/orchestration/dispatch";
const SNAPSHOT = "/api/orchestration/snapshot";
const EMPTY_400: Reply = { status: 400 };

type Change = Parameters<typeof withT3>[1];

/** What one observation says: its warnings, or why there is none; and which commands it sent. */
async function observed(change: (t3: FakeT3) => void, options: Change = {}) {
  let said: readonly string[] = [];
  let commands: readonly string[] = [];
  await withT3(async ({ t3, agent, arrived }) => {
    change(t3);
    const seen = await agent.observe();
    said = seen.kind === "readable" ? (seen.warnings ?? []) : [`unreadable: ${seen.why}`];
    commands = arrived.filter(({ url }) => url === DISPATCH).map(({ body }) => body);
  }, options);
  return { said, commands };
}

describe("the version gate", () => {
  it("asks nothing more of a server that is too old, and says so", () =>
    withT3(async ({ t3, agent, paths }) => {
      t3.version = "0.0.25";
      const seen = await agent.observe();
      expect(seen).toMatchObject({
        why: expect.stringMatching(/T3 0\.0\.25 is older than 0\.0\.26.*update it/),
      });
      expect(paths()).toHaveLength(1);
    }));

  it.each(["0.0.32", "0.0.33"])("says nothing of %s and sends it no command", async (version) => {
    const { said, commands } = await observed((t3) => (t3.version = version));
    expect([said, commands]).toEqual([[], []]);
  });

  it.each([["0.0.34"], ["0.0.42"], ["dev"]])(
    "warns of %s, newer than tested, which takes commands",
    async (version) => {
      const { said, commands } = await observed((t3) => {
        t3.version = version;
        t3.dispatch = EMPTY_400;
      });
      expect(said).toEqual([
        expect.stringContaining(`T3 ${version} is newer than 0.0.33, the newest that was tested`),
      ]);
      // An empty command is refused by its schema: it leaves no trace.
      expect(commands).toEqual(["{}"]);
    },
  );

  it("asks a newer server once whether it takes commands", () =>
    withT3(async ({ t3, agent, paths }) => {
      t3.version = "0.0.34";
      t3.dispatch = EMPTY_400;
      await agent.observe();
      await agent.observe();
      expect(paths().filter((path) => path === DISPATCH)).toHaveLength(1);
    }));

  it.each<readonly [string, (t3: FakeT3) => void]>([
    ["whose commands are a 404", (t3) => (t3.dispatch = { status: 404 })],
    ["whose commands are the web app", (t3) => (t3.dispatch = HTML)],
    ["without a snapshot", (t3) => (t3.snapshot = HTML)],
  ])("refuses a newer server %s", async (_name, change) => {
    const { said } = await observed((t3) => {
      t3.version = "0.1.0";
      t3.dispatch = EMPTY_400;
      change(t3);
    });
    expect(said).toEqual([
      expect.stringMatching(/^unreadable: T3 0\.1\.0 does not take commands over HTTP.*use a T3/),
    ]);
  });

  it.each<readonly [string, Reply, RegExp]>([
    ["refuses the token", json({ _tag: "X" }, 401), /T3 refuses T3_TOKEN \(401 X\)/],
    ["fails otherwise", { status: 502 }, /outcome of an empty command is not known.*502/],
  ])("does not read on where a newer server %s", async (_name, dispatch, why) => {
    const { said } = await observed((t3) => {
      t3.version = "0.0.34";
      t3.dispatch = dispatch;
    });
    expect(said).toEqual([expect.stringMatching(why)]);
  });

  it.each([
    ["0.0.28", 1],
    ["0.0.31", 1],
    ["0.0.32", 0],
  ])("warns that %s sends its whole database: %i", async (version, count) => {
    const { said } = await observed((t3) => (t3.version = version));
    expect(said.filter((warning) => warning.includes("whole database"))).toHaveLength(count);
  });

  it.each([
    ["0.0.28", "auto", 1],
    ["0.0.29", "auto", 0],
    ["0.0.28", "full-access", 0],
  ])("warns that %s does not know the mode %s: %i", async (version, runtimeMode, count) => {
    const { said } = await observed((t3) => (t3.version = version), { runtimeMode });
    expect(said.filter((warning) => warning.includes("T3_RUNTIME_MODE"))).toHaveLength(count);
  });
});

describe("the token's expiry", () => {
  const at = (ms: number) => new Date(Date.parse(NOW) + ms).toISOString();
  const week = 7 * 86_400_000;

  it.each([
    ["a week and a bit ahead", week + 1, []],
    ["a week ahead", week, [expect.stringMatching(/T3_TOKEN expires at .*in 7 full days/)]],
    ["past", -1, [expect.stringMatching(/in 0 full days.*issue a new one/)]],
  ])("%s", async (_name, ms, want) => {
    const session = json({ authenticated: true, expiresAt: at(ms) });
    expect((await observed((t3) => (t3.session = session))).said).toEqual(want);
  });

  it.each<readonly [string, Reply]>([
    ["not told", json({ authenticated: true })],
    ["no time", json({ authenticated: true, expiresAt: "soon" })],
    ["of another shape", json({})],
    ["unreadable", { status: 502 }],
  ])("%s stops nothing", async (_name, session) => {
    expect((await observed((t3) => (t3.session = session))).said).toEqual([]);
  });
});

describe("a snapshot that is the whole database", () => {
  const message = (id: string, text: string) => ({ id, role: "user", text, createdAt: "x" });

  function old(t3: FakeT3): void {
    t3.version = "0.0.28";
    t3.threads = [1, 2, 3].map((number) =>
      threadWire({
        id: `afk-0123456789ab-${number}-0`,
        messages: [message(`m${number}`, "x".repeat(60_000))],
      }),
    );
  }

  it("may be larger than any other answer", () =>
    withT3(async ({ t3, agent }) => {
      old(t3);
      const seen = await agent.observe();
      expect(seen.kind === "readable" && seen.threads).toHaveLength(3);
    }));

  it("is read once for all threads that are asked for at the same time", () =>
    withT3(async ({ t3, agent, paths }) => {
      old(t3);
      const ids = [1, 2, 3].map((number) => `afk-0123456789ab-${number}-0`);
      const reads = await Promise.all(ids.map((id) => agent.readThread(id)));
      const messages = reads.map((read) => read.kind === "read" && read.detail.messages[0]?.id);
      expect(messages).toEqual(["m1", "m2", "m3"]);
      expect(paths().filter((path) => path === SNAPSHOT)).toHaveLength(1);
      await agent.readThread(OURS);
      expect(paths().filter((path) => path === SNAPSHOT)).toHaveLength(2);
    }));

  it("says why of the thread that has no room in it, and reads the others", () =>
    withT3(async ({ t3, agent }) => {
      old(t3);
      const text = "x".repeat(13_000_000);
      t3.threads = [threadWire({ messages: [message("m", text)] }), ...t3.threads];
      expect((await agent.observe()).kind).toBe("readable");
      const [long, ...others] = await Promise.all(
        [OURS, ...[1, 2, 3].map((number) => `afk-0123456789ab-${number}-0`)].map((id) =>
          agent.readThread(id),
        ),
      );
      expect(long).toMatchObject({
        kind: "unreadable",
        why: expect.stringMatching(/its own is larger than 12582912 bytes.*update T3/),
      });
      expect(others.map(({ kind }) => kind)).toEqual(["read", "read", "read"]);
    }));

  it("says why, when the rows of what is ours are past the limit", () =>
    withT3(async ({ t3, agent }) => {
      old(t3);
      t3.threads = [threadWire({ title: "x".repeat(17_000_000) })];
      expect(await agent.observe()).toMatchObject({
        kind: "unreadable",
        why: expect.stringContaining("larger than 16777216 bytes"),
      });
    }));
});

describe("a long thread", () => {
  const ours = `${OURS}/turn-0-first/attempt-0`;

  /** A thread of so many turns, the oldest of which is ours, dealt out a page of `turnLimit` each. */
  function paged(t3: FakeT3, turns: number): void {
    t3.thread = (response) => {
      const query = new URL(response.req.url ?? "", "http://t3").searchParams;
      const end = Number(query.get("beforeCursor") ?? turns);
      const start = Math.max(0, end - Number(query.get("turnLimit")));
      const messages = Array.from({ length: end - start }, (_, at) => ({
        id: start + at === 0 ? ours : `theirs-${start + at}`,
        role: "user",
        text: "",
        createdAt: String(start + at).padStart(4, "0"),
      }));
      const page = { hasMore: start > 0, beforeCursor: start > 0 ? String(start) : null };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ thread: threadWire({ messages }), page }));
    };
  }

  it.each([
    [20, 1],
    [21, 2],
    [400, 20],
  ])("of %i turns is read back to our message in %i pages", (turns, pages) =>
    withT3(async ({ t3, agent, paths }) => {
      paged(t3, turns);
      const read = await agent.readThread(OURS);
      if (read.kind !== "read") throw new Error(JSON.stringify(read));
      expect(read.detail.messages).toHaveLength(turns);
      expect(read.detail.messages[0]?.id).toBe(ours);
      expect(paths().filter((path) => path.includes("turnLimit=20"))).toHaveLength(pages);
    }),
  );

  it("of 401 turns without one of ours is unreadable", () =>
    withT3(async ({ t3, agent }) => {
      paged(t3, 401);
      expect(await agent.readThread(OURS)).toMatchObject({
        why: `thread ${OURS}: none of its newest 400 turns is ours`,
      });
    }));

  it("is not read further than our newest message", () =>
    withT3(async ({ t3, agent, paths }) => {
      const messages = [{ id: ours, role: "user", text: "", createdAt: "x" }];
      const page = { hasMore: true, beforeCursor: "c" };
      t3.thread = json({ thread: threadWire({ messages }), page });
      expect((await agent.readThread(OURS)).kind).toBe("read");
      expect(paths().filter((path) => path.includes("turnLimit"))).toHaveLength(1);
    }));
});
