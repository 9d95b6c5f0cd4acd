import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type SandboxT3, type SandboxT3Options, startT3 } from "../../../sandbox/t3/t3-server.ts";
import { probeDispatch } from "../../../src/adapters/agent/t3-dispatch-probe.ts";
import { examineT3, type Finding } from "../../../src/adapters/agent/t3-doctor.ts";
import { openReading } from "../../../src/adapters/agent/t3.ts";
import { observe } from "../../../src/adapters/agent/t3-observe.ts";
import type { Reading } from "../../../src/adapters/agent/t3-reading.ts";
import { createBoundedFetch } from "../../../src/adapters/http.ts";
import { createSecrets } from "../../../src/loops/log.main.ts";
import { readSecret } from "../../../src/loops/read-secret.main.ts";

const ADMIN = "t3-admin-token";
const MODEL = { instanceId: "claudeAgent", model: "none" };

type World = {
  readonly t3: SandboxT3;
  readonly dir: string;
  readonly open: (token: string) => Reading;
  /** With the token that a file holds. */
  readonly openFile: (file: string) => Reading;
};

async function withServer(
  run: (world: World) => Promise<void>,
  options: Partial<SandboxT3Options> = {},
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "doctor-"));
  const t3 = await startT3({ dir: join(dir, "t3"), token: ADMIN, ...options });
  const client = createBoundedFetch({ timeoutMs: 9_000, bodyBytesMax: 100_000, connectionsMax: 4 });
  const connect = (readToken: () => Promise<string>) =>
    openReading({
      fetch: client.fetch,
      baseUrl: new URL(t3.url),
      readToken,
      now: () => new Date(),
      runtimeMode: "full-access",
    });
  try {
    const open = (token: string) => connect(async () => token);
    const openFile = (file: string) =>
      connect(() => readSecret("T3_TOKEN", { kind: "file", path: file }, createSecrets()));
    await run({ t3, dir, open, openFile });
  } finally {
    await client.close();
    await t3.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

function told(findings: readonly Finding[]): Readonly<Record<string, string>> {
  return Object.fromEntries(findings.map(({ check, state, told }) => [check, `${state}: ${told}`]));
}

describe("the doctor of T3", () => {
  it("finds nothing wrong with 0.0.33 and a token of the needed scopes, and changes nothing", () =>
    withServer(async ({ t3, open }) => {
      const token = t3.issueToken(["orchestration:read", "orchestration:operate"]);
      expect(told(await examineT3(open(token)))).toEqual({
        environment: `ok: T3 0.0.33, ${t3.environmentId}`,
        token: "ok: T3 knows T3_TOKEN",
        scopes: "ok: orchestration:read, orchestration:operate",
        expiry: expect.stringMatching(/^ok: \d{4}-/),
        commands: "ok: taken over HTTP",
        read: "ok: 0 projects, 0 threads of afk",
        shell: "ok: found",
        "thread detail": "ok: found",
        "turn limit": "ok: found",
        "light snapshot": "ok: found, by its version",
        steering: "ok: found, by its version",
        "mode auto": "ok: found, by its version",
        "notices a restart": "ok: not there, by its version",
      });
      const refused = t3.requests.filter(({ method }) => method === "POST");
      expect(refused.map(({ status }) => status)).toEqual([400]);
    }));

  it("finds on 0.0.27 what that version has, and warns of its snapshot", () =>
    withServer(
      async ({ open }) => {
        expect(told(await examineT3(open(ADMIN)))).toMatchObject({
          commands: "ok: taken over HTTP",
          read: expect.stringMatching(/^warning: .*whole database/),
          shell: "ok: not there",
          "thread detail": "ok: not there",
          "turn limit": "ok: not there",
          "light snapshot": "ok: not there, by its version",
          steering: "ok: not there, by its version",
          "mode auto": "ok: not there, by its version",
        });
      },
      { version: "0.0.27" },
    ));

  it("finds that a server of the announced kind takes no commands", () =>
    withServer(
      async ({ open }) => {
        const findings = told(await examineT3(open(ADMIN)));
        expect(findings["environment"]).toMatch(/^warning: T3 0\.1\.0, newer than tested/);
        expect(findings["commands"]).toMatch(/^failed: not taken over HTTP/);
        expect(findings["read"]).toMatch(/^failed: T3 0\.1\.0 does not take commands/);
      },
      { version: "0.1.0" },
    ));

  it("warns of a token that may do more, or expires soon", () =>
    withServer(
      async ({ open }) => {
        const findings = told(await examineT3(open(ADMIN)));
        expect(findings["scopes"]).toMatch(/^warning: T3_TOKEN may also terminal:operate/);
        expect(findings["expiry"]).toMatch(/^warning: T3_TOKEN expires at .*in 1 full days/);
        // Each warning of the server, not only the first.
        expect(findings["read"]).toMatch(/^warning: .*whole database.*; T3_TOKEN expires at/);
      },
      {
        version: "0.0.27",
        tokensExpireAt: new Date(Date.now() + 1.5 * 86_400_000).toISOString(),
      },
    ));

  it("fails for a token that lacks a scope, or is not known", () =>
    withServer(async ({ t3, open }) => {
      const reader = told(await examineT3(open(t3.issueToken(["orchestration:read"]))));
      expect(reader["scopes"]).toBe(
        "failed: T3_TOKEN lacks orchestration:operate: issue one with both",
      );
      const stranger = await examineT3(open("t3-bad-token"));
      expect(told(stranger)["token"]).toMatch(/^failed: T3 does not know T3_TOKEN/);
      expect(stranger).toHaveLength(2);
      expect(JSON.stringify(stranger)).not.toContain("t3-bad-token");
    }));

  it("uses a token file's new content at once", () =>
    withServer(async ({ t3, dir, openFile }) => {
      const file = join(dir, "token");
      await writeFile(file, "t3-expired-token\n");
      const reading = openFile(file);
      expect(told(await examineT3(reading))["token"]).toMatch(/^failed: T3 does not know T3_TOKEN/);
      await writeFile(file, `${t3.issueToken(["orchestration:read"])}\n\n`);
      expect(told(await examineT3(reading))["scopes"]).toMatch(/lacks orchestration:operate/);
      await writeFile(file, ADMIN);
      expect(told(await examineT3(reading))["scopes"]).toMatch(/may also/);
    }));

  it("fails for a server that is not there", () =>
    withServer(async ({ t3, open }) => {
      const reading = open(ADMIN);
      await t3.stop();
      expect(told(await examineT3(reading))["environment"]).toMatch(/^failed: GET 127\.0\.0\.1/);
    }));
});

describe("the dispatch probe", () => {
  it.each(["0.0.27", "0.0.33"])("leaves %s as it was, time and again", (version) =>
    withServer(
      async ({ t3, dir, open }) => {
        for (let times = 0; times < 2; times += 1) {
          const findings = await probeDispatch(open(ADMIN), { workspacesRoot: dir, model: MODEL });
          expect(findings.map(({ check, state }) => [check, state])).toEqual([
            ["create a project", "ok"],
            ["create a thread", "ok"],
            ["read the active thread", "ok"],
            ["delete the thread", "ok"],
            ["read the deleted thread", "ok"],
            ["delete the project", "ok"],
          ]);
        }
        expect(t3.threads().map(({ deletedAt }) => deletedAt)).not.toContain(null);
        expect(t3.threads().map(({ latestTurn }) => latestTurn)).toEqual([null, null]);
        expect(await observe(open(ADMIN))).toMatchObject({ projects: [], threads: [] });
      },
      { version },
    ),
  );

  it("deletes what it made although a step failed", () =>
    withServer(async ({ t3, dir, open }) => {
      t3.failNextDispatch({ type: "thread.create", how: "drop-after" });
      const findings = await probeDispatch(open(ADMIN), { workspacesRoot: dir, model: MODEL });
      const states = findings.map(({ state }) => state);
      expect(states).toEqual(["ok", "failed", "ok", "ok", "ok", "ok"]);
      expect(t3.threads().map(({ deletedAt }) => deletedAt)).not.toContain(null);
      expect(await observe(open(ADMIN))).toMatchObject({ projects: [] });
    }));

  it("leaves nothing although the thread was not deleted by itself", () =>
    withServer(async ({ t3, dir, open }) => {
      t3.failNextDispatch({ type: "thread.delete", how: "reject" });
      const findings = await probeDispatch(open(ADMIN), { workspacesRoot: dir, model: MODEL });
      const states = findings.map(({ state }) => state);
      expect(states).toEqual(["ok", "ok", "ok", "failed", "failed", "ok"]);
      expect(t3.threads().map(({ deletedAt }) => deletedAt)).not.toContain(null);
      expect(await observe(open(ADMIN))).toMatchObject({ projects: [] });
    }));
});
