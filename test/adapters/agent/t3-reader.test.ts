import { describe, expect, it } from "vitest";
import { isLive } from "../../../src/pure/thread-state.ts";
import { json, type Reply } from "../http/loopback.ts";
import {
  activity,
  type FakeT3,
  HTML,
  OURS,
  IMPATIENT,
  TOKEN,
  threadWire,
  withT3,
} from "./t3-world.ts";

const ENVIRONMENT = "/.well-known/t3/environment";
const SNAPSHOT = "/api/orchestration/snapshot";
const SESSION = "/api/auth/session";
const THREAD_ROUTE = `/api/orchestration/threads/${OURS}`;
const THREAD = `${THREAD_ROUTE}?turnLimit=20`;

async function whyUnreadable(change: (t3: FakeT3) => void): Promise<string> {
  let why = "";
  await withT3(async ({ t3, agent }) => {
    change(t3);
    const seen = await agent.observe();
    why = seen.kind === "unreadable" ? seen.why : "it was readable";
  });
  expect(why).not.toContain(TOKEN);
  return why;
}

describe("observing the active threads", () => {
  const SHELL = "/api/orchestration/shell";
  const GONE = threadWire({ id: "afk-0123456789ab-8-0", archivedAt: "2026-11-20T15:20:00.000Z" });

  it.each([
    ["0.0.28", "active", [SHELL, SNAPSHOT], true],
    ["0.0.29", "active", [SHELL], false],
    ["0.0.31", "active", [SHELL], false],
    ["0.0.32", "active", [SHELL], false],
    ["0.0.28", "all-if-cheap", [SNAPSHOT], true],
    ["0.0.29", "all-if-cheap", [SHELL], false],
    ["0.0.31", "all-if-cheap", [SHELL], false],
    ["0.0.32", "all-if-cheap", [SNAPSHOT], true],
  ] as const)("asks T3 %s, wanting %s, for %s", (version, want, routes, isWhole) =>
    withT3(async ({ t3, agent, paths }) => {
      t3.version = version;
      t3.threads.push(GONE, threadWire({ id: "a person's" }));
      const seen = await agent.observe(want);
      if (seen.kind !== "readable") throw new Error(seen.why);
      const lists = paths().filter((path) => path === SHELL || path === SNAPSHOT);
      expect(lists).toEqual(routes);
      const ids = seen.threads.map(({ id, presence }) => [id, presence]);
      const hidden = isWhole ? [[GONE["id"], "archived"]] : [];
      expect(ids).toEqual([[OURS, "active"], ...hidden]);
      expect(seen.isActiveOnly).toBe(isWhole ? undefined : true);
      expect(seen.projects).toEqual([{ id: "p1", workspaceRoot: "/data/o__r" }]);
    }),
  );

  it("asks for all of them where the shell lists a thread of ours without its project", () =>
    withT3(async ({ t3, agent }) => {
      t3.version = "0.0.30";
      const deletedAt = "2026-11-20T10:00:00Z";
      t3.projects.push({ id: "p2", workspaceRoot: "/data/gone", deletedAt });
      t3.threads.push(threadWire({ id: "afk-0123456789ab-8-1", projectId: "p2" }));
      const seen = await agent.observe("active");
      if (seen.kind !== "readable") throw new Error(seen.why);
      expect(seen.threads.map((each) => each.workspaceRoot)).toEqual(["/data/o__r", "/data/gone"]);
      expect(seen.isActiveOnly).toBeUndefined();
    }));

  it.each([
    ["is no JSON", "0.0.30", HTML, "unreadable"],
    ["is not understood", "0.0.30", json({ projects: [], threads: "many" }), "unreadable"],
    // Where the list of all threads is light, it does as well.
    ["is no JSON", "0.0.32", HTML, "readable"],
  ])("where the shell %s, T3 %s tells no more than it can", (_name, version, reply, kind) =>
    withT3(async ({ t3, agent }) => {
      t3.version = version;
      t3.shell = reply;
      const seen = await agent.observe("active");
      expect(seen.kind).toBe(kind);
      expect(seen).not.toHaveProperty("isActiveOnly");
    }),
  );
});

describe("observing", () => {
  it("shows projects, our threads and the environment", () =>
    withT3(async ({ t3, agent, arrived }) => {
      t3.projects.push({
        id: "p2",
        workspaceRoot: "/data/gone",
        deletedAt: "2026-11-20T10:00:00Z",
      });
      t3.threads.push(threadWire({ id: "afk-0123456789ab-8-1", projectId: "p2" }));
      const seen = await agent.observe();
      if (seen.kind !== "readable") throw new Error(seen.why);
      expect(seen.environmentId).toBe("env-1");
      expect(seen.projects).toEqual([{ id: "p1", workspaceRoot: "/data/o__r" }]);
      expect(seen.threads.map(({ id, workspaceRoot }) => [id, workspaceRoot])).toEqual([
        [OURS, "/data/o__r"],
        ["afk-0123456789ab-8-1", "/data/gone"],
      ]);
      const authorization = arrived.map(({ url, headers }) => [url, headers.authorization]);
      expect(new Map(authorization as [string, unknown][])).toEqual(
        new Map<string, unknown>([
          [ENVIRONMENT, undefined],
          [SNAPSHOT, `Bearer ${TOKEN}`],
          [SESSION, `Bearer ${TOKEN}`],
        ]),
      );
    }));

  it("tells a thread's session, turn and presence", () =>
    withT3(async ({ t3, agent }) => {
      const latestTurn = {
        turnId: "t-1",
        state: "running",
        requestedAt: "2026-11-20T15:00:00.000Z",
        startedAt: null,
        completedAt: null,
        assistantMessageId: null,
      };
      const session = {
        status: "running",
        activeTurnId: "t-1",
        lastError: "x".repeat(2_001),
        updatedAt: "2026-11-20T15:00:01.000Z",
        providerName: "claudeAgent",
      };
      t3.threads = [
        threadWire({ latestTurn, session }),
        threadWire({ archivedAt: "2026-11-20T15:00:00Z" }),
        threadWire({ archivedAt: "2026-11-20T15:00:00Z", deletedAt: "2026-11-20T15:00:00Z" }),
      ];
      const seen = await agent.observe();
      if (seen.kind !== "readable") throw new Error(seen.why);
      const [first] = seen.threads;
      expect(first?.latestTurn).toEqual({
        id: "t-1",
        state: "running",
        requestedAt: "2026-11-20T15:00:00.000Z",
        startedAt: null,
        completedAt: null,
      });
      expect(first?.session).toEqual({
        status: "running",
        hasActiveTurn: true,
        lastError: "x".repeat(2_000),
        updatedAt: "2026-11-20T15:00:01.000Z",
      });
      expect(seen.threads.map(({ presence }) => presence)).toEqual([
        "active",
        "archived",
        "deleted",
      ]);
    }));

  it("asks for the environment and the token's session once, for the snapshot each time", () =>
    withT3(async ({ agent, paths }) => {
      await agent.observe();
      await agent.observe();
      expect(paths().toSorted()).toEqual([ENVIRONMENT, SESSION, SNAPSHOT, SNAPSHOT]);
    }));

  it("asks for the environment again when it was not readable", () =>
    withT3(async ({ t3, agent }) => {
      t3.environment = HTML;
      expect((await agent.observe()).kind).toBe("unreadable");
      t3.environment = null;
      expect((await agent.observe()).kind).toBe("readable");
    }));

  it("drops what is not ours, however strange", () =>
    withT3(async ({ t3, agent }) => {
      t3.threads.push({ id: "t1" }, { id: 5 }, {}, { id: "afk-notes", session: "?" });
      const seen = await agent.observe();
      expect(seen.kind === "readable" && seen.threads.map(({ id }) => id)).toEqual([OURS]);
    }));

  it("works below a path", () =>
    withT3(
      async ({ agent, paths }) => {
        await agent.observe();
        expect(paths().toSorted()).toEqual([ENVIRONMENT, SESSION, SNAPSHOT].map((p) => `/t3${p}`));
      },
      { path: "t3" },
    ));
});

describe("a thread of ours that is not understood", () => {
  const strange = "afk-0123456789ab-9-0";

  it.each([
    ["without a turn field", { latestTurn: undefined }, "/data/o__r", "active"],
    ["without a session status", { session: { activeTurnId: null } }, "/data/o__r", "active"],
    ["with a project id that is no text", { projectId: 5 }, "", "active"],
    ["in a project that is not listed", { projectId: "p9" }, "", "active"],
    ["that is archived", { session: 5, archivedAt: "x" }, "/data/o__r", "archived"],
    ["that is deleted", { session: 5, deletedAt: "x" }, "/data/o__r", "deleted"],
  ])("%s hides no other, is told of and shown as live", (_name, fields, workspaceRoot, presence) =>
    withT3(async ({ t3, agent }) => {
      t3.threads.push(threadWire({ id: strange, ...fields }));
      const seen = await agent.observe();
      if (seen.kind !== "readable") throw new Error(seen.why);
      expect(seen.threads.map(({ id }) => id)).toEqual([OURS, strange]);
      expect(seen.warnings).toEqual([expect.stringContaining(strange)]);
      const thread = seen.threads.find(({ id }) => id === strange);
      expect(thread).toMatchObject({ workspaceRoot, presence });
      expect(thread && isLive(thread)).toBe(presence !== "deleted");
    }),
  );
});

describe("an unreadable server", () => {
  it("a snapshot or environment of another shape is not understood", async () => {
    expect(await whyUnreadable((t3) => (t3.snapshot = json({ threads: [] })))).toContain(
      "projects",
    );
    expect(await whyUnreadable((t3) => (t3.environment = json({})))).toContain("environmentId");
  });

  const answers: ReadonlyArray<readonly [name: string, reply: Reply, why: RegExp]> = [
    ["the web app", HTML, /T3_BASE_URL does not answer as T3's API: 200, text\/html/],
    ["no media type", { status: 200, body: "{}" }, /T3_BASE_URL .* 200, no content type/],
    [
      "broken JSON",
      { status: 200, headers: { "content-type": "application/json" }, body: "{" },
      /T3_BASE_URL does not answer as T3's API: 200/,
    ],
    [
      "a bad token",
      json(
        { _tag: "EnvironmentAuthInvalidError", reason: "invalid_credential", traceId: "f0" },
        401,
      ),
      /T3_TOKEN \(401 EnvironmentAuthInvalidError invalid_credential trace f0\): issue a new one/,
    ],
    [
      "a missing scope",
      json({ _tag: "EnvironmentScopeRequiredError", requiredScope: "orchestration:read" }, 403),
      /T3_TOKEN .*lacks the scope orchestration:read/,
    ],
    ["a proxy's 403", { status: 403 }, /T3_TOKEN \(403\): it lacks the scope orchestration:read/],
    [
      "T3's own failure",
      json({ _tag: "EnvironmentInternalError", reason: "orchestration_snapshot_failed" }, 500),
      /T3 answered GET \/api\/orchestration\/snapshot with 500 .*orchestration_snapshot_failed/,
    ],
    ["a proxy's failure", { status: 502, body: "bad gateway" }, /does not answer .* 502/],
    ["a redirect", { status: 301, headers: { location: "/login" } }, /does not answer .* 301/],
    [
      "an answer above the limit",
      { status: 200, body: "x".repeat(100_001) },
      /limit of 100000 bytes/,
    ],
  ];
  it.each(answers)("%s", async (_name, reply, why) => {
    expect(await whyUnreadable((t3) => (t3.snapshot = reply))).toMatch(why);
  });

  it("a token that cannot be read", () =>
    withT3(
      async ({ agent, paths }) => {
        const seen = await agent.observe();
        expect(seen.kind === "unreadable" && seen.why).toMatch(/T3_TOKEN could not be read/);
        expect(paths()).toEqual([ENVIRONMENT]);
      },
      { readToken: () => Promise.reject(new Error("ENOENT")) },
    ));
});

describe("a server that just started", () => {
  const impatient = { patience: IMPATIENT };

  it("is asked a second time when it does not answer the first", () =>
    withT3(async ({ t3, agent, paths }) => {
      t3.hangs = 1;
      expect((await agent.observe()).kind).toBe("readable");
      expect(paths().filter((path) => path === ENVIRONMENT)).toHaveLength(2);
    }, impatient));

  it("is not asked a third time, nor for anything else", () =>
    withT3(async ({ t3, agent, paths }) => {
      t3.hangs = 99;
      const seen = await agent.observe();
      expect(seen.kind === "unreadable" && seen.why).toMatch(/no full answer within 1000 ms/);
      expect(paths()).toEqual([ENVIRONMENT, ENVIRONMENT]);
    }, impatient));

  it.each([
    ["an answer that was too large", { status: 200, body: "x".repeat(100_001) }],
    ["a bad answer", { status: 502 }],
  ])("is not asked again for %s", (_name, reply) =>
    withT3(async ({ t3, agent, paths }) => {
      t3.snapshot = reply;
      await agent.observe();
      expect(paths().filter((path) => path === SNAPSHOT)).toHaveLength(1);
    }),
  );

  it("is not asked again for a snapshot that is its whole database", () =>
    withT3(async ({ t3, agent, paths }) => {
      t3.version = "0.0.31";
      t3.snapshot = "hang";
      expect((await agent.observe()).kind).toBe("unreadable");
      expect(paths().filter((path) => path === SNAPSHOT)).toHaveLength(1);
    }, impatient));
});

describe("reading one thread", () => {
  const conversation = {
    session: {
      status: "running",
      activeTurnId: "t-1",
      lastError: null,
      updatedAt: "2026-11-20T15:05:00.000Z",
    },
    messages: [
      { id: "a", role: "assistant", text: "Hello.", createdAt: "2026-11-20T15:03:00.000Z" },
      { id: "m", role: "user", text: "Do it.", createdAt: "2026-11-20T15:02:00.000Z" },
    ],
  };

  it.each([
    ["0.0.33", THREAD],
    ["0.0.29", THREAD_ROUTE],
    ["0.0.31", THREAD_ROUTE],
    ["0.0.32", THREAD],
    ["0.1.0", THREAD],
    ["1.0.0", THREAD],
    ["0.0.34-nightly.3", THREAD],
    ["dev", THREAD],
    ["0.0.28", SNAPSHOT],
    ["0.0.26", SNAPSHOT],
  ])("version %s is read at %s", (version, path) =>
    withT3(async ({ t3, agent, paths }) => {
      t3.version = version;
      t3.threads = [threadWire(conversation)];
      const read = await agent.readThread(OURS);
      if (read.kind !== "read") throw new Error(JSON.stringify(read));
      expect(paths()[1]).toBe(path);
      expect(read.detail.workspaceRoot).toBe("/data/o__r");
      expect(read.detail.messages).toEqual([
        { id: "m", role: "user", text: "Do it.", at: "2026-11-20T15:02:00.000Z" },
        { id: "a", role: "assistant", text: "Hello.", at: "2026-11-20T15:03:00.000Z" },
      ]);
    }),
  );

  it("takes the folder from an earlier observation", () =>
    withT3(async ({ agent, paths }) => {
      await agent.observe();
      const read = await agent.readThread(OURS);
      expect(read.kind === "read" && read.detail.workspaceRoot).toBe("/data/o__r");
      expect(paths().slice(3)).toEqual([THREAD]);
    }));

  it("keeps the order of messages of one moment", () =>
    withT3(async ({ t3, agent }) => {
      const at = { role: "user", text: "", createdAt: "2026-11-20T00:00:00.000Z" };
      t3.threads = [
        threadWire({
          messages: [
            { ...at, id: "2" },
            { ...at, id: "1" },
          ],
        }),
      ];
      const read = await agent.readThread(OURS);
      expect(read.kind === "read" && read.detail.messages.map(({ id }) => id)).toEqual(["2", "1"]);
    }));

  it.each(["archivedAt", "deletedAt"])("shows one with %s without its conversation", (field) =>
    withT3(async ({ t3, agent }) => {
      t3.threads = [threadWire({ ...conversation, [field]: "2026-11-20T15:30:00.000Z" })];
      const read = await agent.readThread(OURS);
      if (read.kind !== "read") throw new Error(JSON.stringify(read));
      expect(read.detail).toMatchObject({
        presence: field.replace("At", ""),
        session: { status: "running" },
        messages: [],
        pending: [],
        processedTokens: null,
      });
    }),
  );

  it.each(["0.0.33", "0.0.28"])("of a server %s that has none is unknown", (version) =>
    withT3(async ({ t3, agent }) => {
      t3.version = version;
      t3.threads = [];
      expect(await agent.readThread(OURS)).toEqual({ kind: "unknown" });
    }),
  );

  it("that is listed but not found is unreadable, not unknown", () =>
    withT3(async ({ t3, agent }) => {
      t3.thread = json({ _tag: "EnvironmentResourceNotFoundError" }, 404);
      expect((await agent.readThread(OURS)).kind).toBe("unreadable");
    }));

  const failures: ReadonlyArray<readonly [name: string, change: (t3: FakeT3) => void]> = [
    ["the environment is not readable", (t3) => (t3.environment = HTML)],
    ["a proxy says 404", (t3) => (t3.thread = { status: 404, body: "not found" })],
    ["the thread route answers with the web app", (t3) => (t3.thread = HTML)],
    ["the thread has another shape", (t3) => (t3.thread = json({ thread: { id: OURS } }))],
    [
      "a message has an unknown role",
      (t3) =>
        (t3.threads = [
          threadWire({ messages: [{ id: "m", role: "tool", text: "", createdAt: "" }] }),
        ]),
    ],
    ["its project is not known", (t3) => (t3.projects = [])],
    ["the project's folder cannot be read", (t3) => (t3.snapshot = HTML)],
    [
      "a request has no id",
      (t3) =>
        (t3.threads = [
          threadWire({ ...conversation, activities: [activity("approval.requested", {})] }),
        ]),
    ],
    [
      "a hidden thread has another shape",
      (t3) => (t3.threads = [threadWire({ archivedAt: "x", session: {} })]),
    ],
    [
      "a hidden thread's project is not known",
      (t3) => {
        t3.threads = [threadWire({ archivedAt: "x" })];
        t3.projects = [];
      },
    ],
    [
      "a hidden thread's snapshot cannot be read",
      (t3) => {
        t3.threads = [];
        t3.snapshot = HTML;
      },
    ],
    [
      "an old server's snapshot cannot be read",
      (t3) => {
        t3.version = "0.0.28";
        t3.snapshot = HTML;
      },
    ],
    [
      "an old server's thread has another shape",
      (t3) => {
        t3.version = "0.0.28";
        t3.threads = [{ id: OURS }];
      },
    ],
    [
      "an old server's project is not known",
      (t3) => {
        t3.version = "0.0.28";
        t3.projects = [];
      },
    ],
  ];
  it.each(failures)("is unreadable when %s", (_name, change) =>
    withT3(async ({ t3, agent }) => {
      change(t3);
      expect((await agent.readThread(OURS)).kind).toBe("unreadable");
    }),
  );
});

describe("what a thread waits for", () => {
  const live = {
    session: {
      status: "running",
      activeTurnId: "t-1",
      lastError: null,
      updatedAt: "2026-11-20T15:05:00Z",
    },
  };
  const approval = activity("approval.requested", {
    requestId: "r-1",
    requestKind: "command",
    detail: "Bash: rm -rf build",
  });
  const question = activity("user-input.requested", {
    requestId: "r-2",
    questions: [{ question: "Which database?" }, { question: "Which port?" }],
  });
  const bare = activity("user-input.requested", { requestId: "r-3" }, { turnId: null });

  async function pendingOf(activities: unknown[], fields: Record<string, unknown> = live) {
    let pending: unknown = null;
    await withT3(async ({ t3, agent }) => {
      t3.threads = [threadWire({ ...fields, activities })];
      const read = await agent.readThread(OURS);
      if (read.kind === "read") pending = read.detail.pending;
    });
    return pending;
  }

  it("is every request in its own words", async () => {
    expect(await pendingOf([approval, question, bare])).toEqual([
      { requestId: "r-1", kind: "approval", text: "Bash: rm -rf build" },
      { requestId: "r-2", kind: "question", text: "Which database?\nWhich port?" },
      { requestId: "r-3", kind: "question", text: "" },
    ]);
  });

  it("is not what was answered, in whichever order T3 lists it", async () => {
    const resolved = activity("approval.resolved", { requestId: "r-1" });
    expect(await pendingOf([resolved, approval, question])).toMatchObject([{ requestId: "r-2" }]);
    const answered = activity("user-input.resolved", { requestId: "r-2", answers: {} });
    expect(await pendingOf([question, answered])).toEqual([]);
  });

  it("is not what an answer to another request failed", async () => {
    const failed = activity("provider.user-input.respond.failed", { requestId: "r-2" });
    expect(await pendingOf([question, failed])).toHaveLength(1);
  });

  it("is not what a turn asked that is gone", async () => {
    const nextTurn = { session: { ...live.session, activeTurnId: "t-2" } };
    expect(await pendingOf([question], nextTurn)).toEqual([]);
    expect(await pendingOf([question], { session: null })).toEqual([]);
  });
});

describe("the tokens of a thread", () => {
  async function tokensOf(activities: unknown[]) {
    let tokens: unknown = "unread";
    await withT3(async ({ t3, agent }) => {
      t3.threads = [threadWire({ activities })];
      const read = await agent.readThread(OURS);
      if (read.kind === "read") tokens = read.detail.processedTokens;
    });
    return tokens;
  }
  const report = (totalProcessedTokens: unknown, createdAt: string) =>
    activity("context-window.updated", { usedTokens: 5, totalProcessedTokens }, { createdAt });

  it("are the newest total, in whichever order T3 lists them", async () => {
    const newest = report(900, "2026-11-20T15:09:00.000Z");
    const older = report(300, "2026-11-20T15:08:00.000Z");
    expect(await tokensOf([newest, older])).toBe(900);
    expect(await tokensOf([older, newest])).toBe(900);
    expect(await tokensOf([report(1, "2026-11-20T15:09:00.000Z"), newest])).toBe(900);
  });

  it("are summed up over the sessions of the thread, whose totals begin anew", async () => {
    const reports = [800, 900, 200, 300].map((total, minute) =>
      report(total, `2026-11-20T15:0${minute}:00.000Z`),
    );
    expect(await tokensOf(reports)).toBe(1_200);
    expect(await tokensOf(reports.toReversed())).toBe(1_200);
  });

  it("are the last total that was reported", async () => {
    const without = report(undefined, "2026-11-20T15:09:00.000Z");
    expect(await tokensOf([report(300, "2026-11-20T15:08:00.000Z"), without])).toBe(300);
  });

  it("are not known without a report, or with one that is no number", async () => {
    expect(await tokensOf([])).toBeNull();
    expect(await tokensOf([report(-1, "2026-11-20T15:08:00.000Z")])).toBeNull();
    expect(await tokensOf([activity("tool.completed", { totalProcessedTokens: 5 })])).toBeNull();
  });
});
