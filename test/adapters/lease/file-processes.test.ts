import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFileLease } from "../../../src/adapters/lease/file.ts";
import type { RacerAnswer, RacerOrder } from "./lease-racer.ts";

const RACER = new URL("./lease-racer.ts", import.meta.url);

let folder: string;
let racers: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "afk-lease-"));
  racers = [];
});

afterEach(async () => {
  for (const racer of racers) racer.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

async function startRacer(): Promise<ChildProcess> {
  const racer = fork(RACER, { execArgv: [] });
  racers.push(racer);
  await once(racer, "message");
  return racer;
}

async function order(racer: ChildProcess, what: RacerOrder): Promise<RacerAnswer> {
  const answer = once(racer, "message");
  racer.send(what);
  const [message] = await answer;
  return message as RacerAnswer;
}

describe("a file lease between processes", () => {
  it("lets exactly one of two takers have an expired lease, 150 times", async () => {
    const pair = await Promise.all([startRacer(), startRacer()]);
    for (let round = 1; round <= 150; round += 1) {
      const path = join(folder, String(round));
      const expired = createFileLease({ path, holder: "gone", ttlMs: 1, now: () => 0 });
      await expired.acquire();
      const take: RacerOrder = { kind: "take", path, ttlMs: 60_000, at: Date.now() + 2 };
      const answers = await Promise.all(pair.map((racer) => order(racer, take)));
      const winners = answers.filter((answer) => answer.kind === "took" && answer.isOurs);
      expect({ round, winners: winners.length }).toEqual({ round, winners: 1 });
    }
  });

  it("never lets two be inside at once while they take it 150 times each", async () => {
    const pair = await Promise.all([startRacer(), startRacer()]);
    const path = join(folder, "lease");
    const inside = join(folder, "inside");
    const contend: RacerOrder = { kind: "contend", path, inside, times: 150 };
    const answers = await Promise.all(pair.map((racer) => order(racer, contend)));
    const clean: RacerAnswer = { kind: "contended", taken: 150, violations: 0 };
    expect(answers).toEqual([clean, clean]);
  });

  it("is taken over from a killed holder at its end, and not before", async () => {
    const ttlMs = 1_000;
    const path = join(folder, "lease");
    const racer = await startRacer();
    const taken = await order(racer, { kind: "take", path, ttlMs, at: 0 });
    const endsAt = Date.now() + ttlMs;
    expect(taken).toEqual({ kind: "took", isOurs: true });
    racer.kill("SIGKILL");
    await once(racer, "exit");
    const heir = createFileLease({ path, holder: "heir", ttlMs, now: Date.now });
    expect(await heir.acquire()).toEqual({ kind: "held-elsewhere", holder: `racer ${racer.pid}` });
    await setTimeout(endsAt - Date.now() + 1);
    expect(await heir.acquire()).toEqual({ kind: "acquired" });
  });
});
