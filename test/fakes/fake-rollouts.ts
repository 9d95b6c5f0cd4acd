import type { RolloutPolicy } from "../../src/pure/limits.ts";
import type { RolloutReader } from "../../src/pure/ports/cluster.ts";
import type { RolloutProgress, RolloutSeen } from "../../src/pure/rollout.ts";
import type { FakeClock } from "./fake-clock.ts";

type Read = Extract<RolloutSeen, { kind: "read" }>;

/** A tiny cluster: it holds the rollout of each workload, and can be told not to be read. */
export class FakeRollouts implements RolloutReader {
  readonly calls: string[] = [];
  readonly #clock: FakeClock;
  readonly #rollouts = new Map<string, Read>();
  #unreadable: string | null = null;
  #ids = 0;

  constructor({ clock }: { readonly clock: FakeClock }) {
    this.#clock = clock;
  }

  /** The workload's template names another commit from now on. */
  begin(workload: RolloutPolicy, sha: string): void {
    this.#ids += 1;
    const id = String(this.#ids);
    const at = this.#clock.isoSeconds();
    const begun = { progress: "under-way", carried: [sha], id, at, words: "" } as const;
    this.#rollouts.set(keyOf(workload), { kind: "read", ...begun });
  }

  /** What became of the rollout that was begun last; nothing where there is none. */
  end(workload: RolloutPolicy, progress: RolloutProgress, words = ""): void {
    const rollout = this.#rollouts.get(keyOf(workload));
    if (rollout === undefined) return;
    const at = this.#clock.isoSeconds();
    this.#rollouts.set(keyOf(workload), { ...rollout, progress, words, at });
  }

  /** Somebody deletes the workload. */
  remove(workload: RolloutPolicy): void {
    this.#rollouts.delete(keyOf(workload));
  }

  setUnreadable(why: string | null): void {
    this.#unreadable = why;
  }

  /** The workload as it is, without a request; null where there is none. */
  see(workload: RolloutPolicy): Read | null {
    return this.#rollouts.get(keyOf(workload)) ?? null;
  }

  async readRollouts(queries: readonly RolloutPolicy[]): Promise<readonly RolloutSeen[]> {
    this.calls.push(`readRollouts ${queries.map(keyOf).join()}`);
    return queries.map((query) => {
      if (this.#unreadable !== null) return { kind: "unreadable", why: this.#unreadable };
      return this.see(query) ?? { kind: "absent" };
    });
  }
}

function keyOf({ namespace, kind, name }: RolloutPolicy): string {
  return `${kind} ${namespace}/${name}`;
}
