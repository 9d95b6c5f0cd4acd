import type { Notifier } from "../../src/pure/ports/notifier.ts";
import { type IssueRef, issueKey } from "../../src/pure/issue.ts";
import type { Happening, World } from "../loops/world.ts";
import type { Sight } from "./sight.ts";

/** Clocks differ by so much at most, on either side. */
const CLOCKS_APART_MS_MAX = 180_000;

/** What bears on the rings of one or more ticks. */
type Ringing = {
  readonly sights: readonly Sight[];
  /** Requests that landed although their tick had lost its lease. */
  readonly late: readonly string[];
  /** Every tick lived to its end, alone, and nothing failed. */
  readonly isUntroubled: boolean;
  readonly happened: readonly Happening[];
};

/** Law 6: before each ring its tick wrote the record, or rings that cannot be noted would go on in every tick. */
function ringsUnannounced(happened: readonly Happening[]): readonly string[] {
  const written = new Set<string>();
  return happened.flatMap((each) => {
    if (each.kind !== "effect") return [];
    const [, verb, runId = ""] =
      /^(createComment|editComment|ring) (?:.*<!-- afk:run=)?([0-9a-f]{12})\b/.exec(each.effect) ??
      [];
    if (verb === undefined) return [];
    const about = `${each.process} ${runId}`;
    if (verb !== "ring") written.add(about);
    else if (!written.delete(about)) return [`law 6: ${each.effect} without a word in the record`];
    return [];
  });
}

/** Law 6, tick by tick: a bell rings again only where the ring before it could not be noted. */
export class BellJudge {
  readonly #world: World;
  /** By notifier, how many of its rings were looked at. */
  readonly #heard = new Map<string, number>();
  /** By notifier and run, rings that a record told of, with their issue. */
  readonly #noted = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Whoever destroys a record destroys what it says about rings. */
  forget(ref: IssueRef): void {
    for (const [ring, issue] of this.#noted) {
      if (issue === issueKey(ref)) this.#noted.delete(ring);
    }
  }

  /** What is wrong with the rings since it was last asked. */
  after(how: Ringing): readonly string[] {
    const unannounced = ringsUnannounced(how.happened);
    const wrong = this.#world.notifiers.flatMap((notifier) => {
      const heard = this.#heard.get(notifier.name) ?? 0;
      const keys = notifier.rung.slice(heard).map(({ key }) => key);
      this.#heard.set(notifier.name, notifier.rung.length);
      const again = keys.filter((key, at) => this.#isAgain(notifier, { key, at, keys }, how.late));
      const broken = again.map((key) => `law 6: ${notifier.name} rang again for ${key}`);
      return [...broken, ...this.#noteRings(notifier, keys, how)];
    });
    return [...unannounced, ...wrong];
  }

  #isAgain(
    { name }: Pick<Notifier, "name">,
    ring: { readonly key: string; readonly at: number; readonly keys: readonly string[] },
    late: readonly string[],
  ): boolean {
    const { key, at, keys } = ring;
    if (late.includes(`ring ${key}`)) return false;
    if (this.#noted.has(`${name} ${key}`)) return true;
    // The note that it rang may be what was in flight when the lease was lost.
    const runId = key.split("-", 1).join();
    const isNoteLate = late.some((each) => each.startsWith("editComment ") && each.includes(runId));
    return !isNoteLate && keys.indexOf(key) !== at;
  }

  #noteRings(
    { name }: Pick<Notifier, "name">,
    keys: readonly string[],
    how: Ringing,
  ): readonly string[] {
    const { clock, settings } = this.#world;
    return how.sights.flatMap((sight) =>
      sight.records.flatMap(({ runId, verdict }) => {
        const bell = verdict?.bells[name];
        const key = `${runId}-verdict`;
        if (bell?.state === "rung") this.#noted.set(`${name} ${key}`, sight.key);
        if (keys.includes(key) && bell?.state !== "rung" && how.isUntroubled)
          return [`law 6: ${name} rang for ${key}, and no record says so`];
        const triedMs = clock.now() - (bell?.firstTryAt ?? 0) + CLOCKS_APART_MS_MAX;
        return bell?.state === "undelivered" && triedMs < settings.limits.notifyMsMax
          ? [`law 6: ${name} was given up for ${key} too early`]
          : [];
      }),
    );
  }
}
