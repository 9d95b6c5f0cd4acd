import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type SandboxT3, type SandboxT3Options, startT3 } from "../../../sandbox/t3/t3-server.ts";
import { shapeDifferences, shapeOf } from "./body-shape.ts";
import { type RecordedExchange, readExchange } from "./recorded-exchanges.ts";

/** The folder of the projects on the machine of the recordings. */
const RECORDED_ROOT = "/srv/t3/";
const TOKEN = "replay-token";
/** What was seen once may take a moment here; after this it is a difference. */
const SETTLE_MS_MAX = 6_000;

/** A difference that is not the server's doing, by the exchange and the path of the field. */
export type Allowance = {
  readonly exchange: RegExp;
  readonly difference: RegExp;
  readonly because: string;
};

/** The recorded placeholders stand for something new in each run. */
export type Placeholders = {
  token: string;
  oneTime: string;
  /** By the recorded value: an id that the server made. */
  readonly ids: Map<string, string>;
};

/** A sandbox's T3 of a version, in the state of the recorded machine, and what was replayed. */
export class ReplayServer implements AsyncDisposable {
  readonly replayed: string[] = [];
  readonly placeholders: Placeholders = { token: TOKEN, oneTime: "", ids: new Map() };
  readonly dir: string;
  readonly folder: string;
  readonly allowances: readonly Allowance[];
  #t3: SandboxT3 | null = null;

  constructor(folder: string, allowances: readonly Allowance[]) {
    this.folder = folder;
    this.allowances = allowances;
    this.dir = mkdtempSync(join(tmpdir(), "afk-replay-"));
    // What a client can tell of a folder is whether it is there and whether git is in it.
    for (const path of ["ws/repo1/.git", "ws/plain", "ws/wt1/.git"]) {
      mkdirSync(join(this.dir, path), { recursive: true });
    }
  }

  get t3(): SandboxT3 {
    if (this.#t3 === null) throw new Error("the replay has no server yet");
    return this.#t3;
  }

  /** Starts the server, or another one on an empty database. */
  async start(options: Omit<SandboxT3Options, "dir" | "token">): Promise<void> {
    await this.#t3?.stop();
    // The recorded provider never told a total of tokens.
    const common = { dir: join(this.dir, "t3"), token: TOKEN, reportsTotals: false };
    this.#t3 = await startT3({ ...common, ...options });
  }

  /** Sends a recorded request; answers how the answer differs from the recorded one. */
  async replay(name: string): Promise<readonly string[]> {
    this.replayed.push(name);
    const exchange = readExchange(this.folder, name);
    const end = Date.now() + SETTLE_MS_MAX;
    for (;;) {
      const differences = await this.#exchange(name, exchange);
      const isRead = exchange.request.method === "GET";
      if (differences.length === 0 || !isRead || Date.now() > end) return differences;
      await sleep(20);
    }
  }

  /** Sends a command of which no recording was kept, and fails unless it is accepted. */
  async dispatch(command: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await fetch(`${this.t3.url}/api/orchestration/dispatch`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: this.#fill(JSON.stringify(command)),
    });
    if (!response.ok) throw new Error(`${JSON.stringify(command)} got a ${response.status}`);
  }

  /** Waits until a thread shows `turn/session`, and whether a turn is active in it. */
  async untilShown(threadId: string, shown: string): Promise<void> {
    const end = Date.now() + SETTLE_MS_MAX;
    for (;;) {
      const thread = this.t3.threads().find(({ id }) => id === threadId);
      const states = `${thread?.latestTurn?.state ?? null}/${thread?.session?.status ?? null}`;
      if (states === shown) return;
      if (Date.now() > end) throw new Error(`${threadId} shows ${states} and not ${shown}`);
      await sleep(10);
    }
  }

  /** Waits until the agent has said something. */
  async untilSaid(threadId: string, words: string): Promise<void> {
    const end = Date.now() + SETTLE_MS_MAX;
    for (;;) {
      const thread = this.t3.threads().find(({ id }) => id === threadId);
      if (thread?.messages.some(({ text }) => text === words) === true) return;
      if (Date.now() > end) throw new Error(`${threadId} never says ${words}`);
      await sleep(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#t3?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #exchange(name: string, { request, response }: RecordedExchange) {
    const answer = await fetch(this.t3.url + request.path, {
      method: request.method,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key, this.#fill(value)]),
      ),
      ...(request.body === undefined ? {} : { body: this.#bodyOf(request.body) }),
    });
    const text = await answer.text();
    const type = answer.headers.get("content-type");
    const differences: string[] = [];
    if (answer.status !== response.status) {
      differences.push(`status: recorded ${response.status}, got ${answer.status} ${text}`);
    }
    const wantedType = response.headers["content-type"] ?? null;
    if (type !== wantedType) differences.push(`content-type: recorded ${wantedType}, got ${type}`);
    const body: unknown = type === "application/json" ? JSON.parse(text) : text;
    // Of the largest bodies only the length was kept.
    if (!/^<\d+ bytes>$/.test(String(response.body))) {
      differences.push(...shapeDifferences(shapeOf(response.body), shapeOf(body)));
    }
    return differences.filter((difference) => !this.#isAllowed(name, difference));
  }

  #isAllowed(name: string, line: string): boolean {
    return this.allowances.some((one) => one.exchange.test(name) && one.difference.test(line));
  }

  #bodyOf(body: unknown): string {
    if (typeof body !== "string") return this.#fill(JSON.stringify(body));
    const bytes = /^<(\d+) bytes: (\{.*)…>$/s.exec(body);
    if (bytes === null) return this.#fill(body);
    // Only the opening of a large prompt was kept; it went on with the same letter.
    const tail =
      '","attachments":[]},"runtimeMode":"full-access","interactionMode":"default",' +
      '"createdAt":"2026-11-20T00:00:00.000Z"}';
    return (bytes[2] ?? "").padEnd(Number(bytes[1]) - tail.length, "x") + tail;
  }

  #fill(text: string): string {
    let filled = text
      .replaceAll(RECORDED_ROOT, `${this.dir}/`)
      .replaceAll("<TOKEN>", this.placeholders.token)
      .replaceAll("<ONE-TIME>", this.placeholders.oneTime);
    for (const [recorded, id] of this.placeholders.ids) filled = filled.replaceAll(recorded, id);
    return filled;
  }
}
