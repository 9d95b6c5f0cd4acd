import type { Check, CheckState, ChecksSeen } from "../../src/pure/ci-fold.ts";
import { type RepoRef, repoKey } from "../../src/pure/issue.ts";
import type { CheckEvidence, ChecksQuery, CiReader } from "../../src/pure/ports/ci.ts";
import type { FakeClock } from "./fake-clock.ts";

const DEFAULT_CHECK = "test";

/** A tiny CI: it holds the checks of commits and the logs of checks, and can be told to break. */
export class FakeCi implements CiReader {
  readonly calls: string[] = [];
  /** Runs before a port call is answered. */
  beforeCall: (call: string) => void = () => {};
  readonly #clock: FakeClock;
  readonly #checks = new Map<string, readonly Check[]>();
  /** The repo a commit's checks were set for; a commit not listed is answered for every repo. */
  readonly #repoOf = new Map<string, string>();
  readonly #logs = new Map<string, string>();
  readonly #unreadable = new Map<string, string>();
  #down: string | null = null;
  #ids = 0;

  constructor(options: { readonly clock: FakeClock }) {
    this.#clock = options.clock;
  }

  /** Sets all checks of a commit of one repo, replacing those it had. */
  setChecks(repo: RepoRef, sha: string, checks: readonly Check[]): void {
    this.#repoOf.set(sha, repoKey(repo));
    this.#checks.set(sha, [...checks]);
  }

  green(sha: string, name: string = DEFAULT_CHECK): Check {
    return this.set(sha, name, "success");
  }

  /** `log` is what the check's log ends with. */
  red(sha: string, name: string = DEFAULT_CHECK, log = `${name} failed`): Check {
    const check = this.set(sha, name, "failure");
    this.#logs.set(check.id, log);
    return check;
  }

  pending(sha: string, name: string = DEFAULT_CHECK): Check {
    return this.set(sha, name, "pending");
  }

  cancelled(sha: string, name: string = DEFAULT_CHECK): Check {
    return this.set(sha, name, "cancelled");
  }

  /** Gives one check of a commit a state; its other checks stay. */
  set(sha: string, name: string, state: CheckState): Check {
    this.#ids += 1;
    const id = String(this.#ids);
    const url = `https://ci.invalid/checks/${id}`;
    const check: Check = { name, source: "check:ci", state, at: this.#clock.isoSeconds(), url, id };
    const others = (this.#checks.get(sha) ?? []).filter((other) => other.name !== name);
    this.#checks.set(sha, [...others, check]);
    return check;
  }

  /** Of one commit, or of all when no sha is named; null mends it. */
  setUnreadable(why: string | null, sha?: string): void {
    if (sha === undefined) this.#down = why;
    else if (why === null) this.#unreadable.delete(sha);
    else this.#unreadable.set(sha, why);
  }

  async readChecks(queries: readonly ChecksQuery[]): Promise<readonly ChecksSeen[]> {
    this.#called(`readChecks ${queries.map(({ repo, sha }) => `${repoKey(repo)}@${sha}`).join()}`);
    return queries.map(({ repo, sha }) => {
      const why = this.#down ?? this.#unreadable.get(sha);
      if (why !== undefined) return { kind: "unreadable", sha, why };
      const isHere = (this.#repoOf.get(sha) ?? repoKey(repo)) === repoKey(repo);
      return { kind: "read", sha, checks: isHere ? (this.#checks.get(sha) ?? []) : [] };
    });
  }

  async readEvidence(repo: RepoRef, failing: readonly Check[]): Promise<readonly CheckEvidence[]> {
    this.#called(`readEvidence ${repoKey(repo)} ${failing.map(({ name }) => name).join()}`);
    return failing.map(({ name, url, id }) => ({
      name,
      url,
      logTail: this.#down === null ? (this.#logs.get(id) ?? "") : "",
    }));
  }

  #called(call: string): void {
    this.calls.push(call);
    this.beforeCall(call);
  }
}
