import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Ask, Played, Prepared, Scenario, Told } from "./world-messages.ts";

/** The servers that ticks are measured against, in a process of their own. */
export type World = {
  /** Makes the servers ready for one tick of the scenario, each answer so many milliseconds late. */
  play(scenario: Scenario, latencyMs: number): Promise<Prepared>;
  /** What that tick asked. Throws when it asked what the recorded one did not. */
  played(): Promise<Played>;
  close(): Promise<void>;
};

/** Starts the world with so many repos, which takes a few seconds a hundred. */
export async function startWorld(bundle: string, reposMax: number): Promise<World> {
  const file = fileURLToPath(new URL("./world.worker.ts", import.meta.url));
  const child = fork(file, [bundle, String(reposMax)]);
  await nextAnswer(child);
  const ask = (what: Ask) => {
    const answered = nextAnswer(child);
    child.send(what);
    return answered;
  };
  return {
    play: async (scenario, latencyMs) =>
      (await ask({ kind: "play", scenario, latencyMs })) as Prepared,
    played: async () => (await ask({ kind: "played" })) as Played,
    close: async () => {
      const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      await ask({ kind: "close" });
      await gone;
    },
  };
}

function nextAnswer(child: ChildProcess): Promise<Prepared | Played | null> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void =>
      reject(new Error(`the servers' process ended with ${code}`));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      const told = message as Told;
      if (told.kind === "failed") reject(new Error(told.why));
      else resolve(told.value);
    });
  });
}
