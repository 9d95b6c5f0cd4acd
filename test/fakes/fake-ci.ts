import type { Check, CheckState, ChecksSeen, RequiredCheck } from "../../src/pure/ci-fold.ts";
import { type RepoRef, repoKey } from "../../src/pure/issue.ts";
import type { Deployment, DeploymentsSeen, DeploymentState } from "../../src/pure/deployments.ts";
import type {
  CheckEvidence,
  ChecksQuery,
  CiReader,
  DeploymentsQuery,
} from "../../src/pure/ports/ci.ts";
import type { FakeClock } from "./fake-clock.ts";

const DEFAULT_CHECK = "test";
const DEFAULT_SOURCE = "check:ci";

// The adapter reads so many logs, and of each the end: a prompt has to hold them.
const EVIDENCE_CHECKS_MAX = 5;
const TAIL_LINES_MAX = 50;
const TAIL_CHARS_MAX = 8 * 1024;

type FakeCiOptions = {
  readonly clock: FakeClock;
  /** Whether a repo has a commit: of one it has not, nothing can be read. By default it has them all. */
  readonly hasCommit?: (repo: RepoRef, sha: string) => boolean;
};

/** One report about a commit. */
type Report = {
  readonly name: string;
  readonly state: CheckState;
  readonly source?: string;
  /** What its log ends with. */
  readonly log?: string;
  readonly appId?: string;
  /** What it says of itself, where it has no log. */
  readonly words?: string;
};

/** A deployment as somebody creates it. */
type Wish = { readonly sha: string; readonly environment: string; readonly creatorId: string };

const WORDS_CHARS_MAX = 300;
const DEPLOYMENTS_MAX = 50;

/** A tiny CI: it holds the checks of commits and the logs of checks, and can be told to break. */
export class FakeCi implements CiReader {
  readonly calls: string[] = [];
  /** Runs before a port call is answered. */
  beforeCall: (call: string) => void = () => {};
  readonly #clock: FakeClock;
  readonly #hasCommit: (repo: RepoRef, sha: string) => boolean;
  readonly #checks = new Map<string, readonly Check[]>();
  /** The repo a commit's checks were set for; a commit not listed is answered for every repo. */
  readonly #repoOf = new Map<string, string>();
  readonly #logs = new Map<string, string>();
  readonly #unreadable = new Map<string, string>();
  /** By repo, oldest first. */
  readonly #deployments = new Map<string, readonly (Deployment & { environment: string })[]>();
  readonly #required = new Map<string, readonly RequiredCheck[]>();
  #caveat: string | null = null;
  #down: string | null = null;
  #ids = 0;

  constructor(options: FakeCiOptions) {
    this.#clock = options.clock;
    this.#hasCommit = options.hasCommit ?? (() => true);
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
    this.#drop(sha, name, DEFAULT_SOURCE);
    return this.add(sha, { name, state: "failure", log });
  }

  pending(sha: string, name: string = DEFAULT_CHECK): Check {
    return this.set(sha, name, "pending");
  }

  cancelled(sha: string, name: string = DEFAULT_CHECK): Check {
    return this.set(sha, name, "cancelled");
  }

  /** Gives one check of a commit a state; its other checks stay. */
  set(sha: string, name: string, state: CheckState): Check {
    this.#drop(sha, name, DEFAULT_SOURCE);
    return this.add(sha, { name, state });
  }

  /** A commit status, which replaces the one of its name. */
  status(sha: string, name: string, state: CheckState, words?: string): Check {
    this.#drop(sha, name, "status");
    const report = { name, state, source: "status" };
    return this.add(sha, words === undefined ? report : { ...report, words });
  }

  /** Which checks the repo's default branch requires. */
  setRequired(repo: RepoRef, required: readonly RequiredCheck[]): void {
    this.#required.set(repoKey(repo), required);
  }

  /** What may be missing in all that is read from now on; null when nothing is. */
  setCaveat(caveat: string | null): void {
    this.#caveat = caveat;
  }

  /** A deployment nobody has reported on yet; answers its id. */
  deploy(repo: RepoRef, wish: Wish): string {
    this.#ids += 1;
    const id = String(this.#ids);
    const made = { ...wish, id, createdAt: this.#clock.isoSeconds() };
    const known = this.#deployments.get(repoKey(repo)) ?? [];
    this.#deployments.set(repoKey(repo), [...known, { ...made, state: "pending", url: null }]);
    return id;
  }

  /** What became of a deployment. A success takes the place of the one before it. */
  deployed(
    repo: RepoRef,
    id: string,
    said: { state: DeploymentState; words?: string; url?: string },
  ): void {
    const all = this.#deployments.get(repoKey(repo)) ?? [];
    const mine = all.find((one) => one.id === id);
    const next = all.map((one) => {
      if (one.id === id) return { ...one, ...said };
      const isReplaced = said.state === "success" && one.environment === mine?.environment;
      return isReplaced && one.state === "success" ? { ...one, state: "inactive" as const } : one;
    });
    this.#deployments.set(repoKey(repo), next);
  }

  /** The deployments of a repo to an environment, oldest first, without a request. */
  deploymentsTo(repo: RepoRef, environment: string): readonly Deployment[] {
    const all = this.#deployments.get(repoKey(repo)) ?? [];
    return all.filter((one) => one.environment === environment);
  }

  /** One more check, also beside one of the same name: as a job that was run again. */
  add(sha: string, report: Report): Check {
    this.#ids += 1;
    const id = String(this.#ids);
    const { name, state, source = DEFAULT_SOURCE, log, appId, words } = report;
    const url = `https://ci.invalid/checks/${id}`;
    const check: Check = {
      name,
      source,
      state,
      at: this.#clock.isoSeconds(),
      url,
      id,
      ...(appId === undefined ? {} : { appId }),
      ...(words === undefined ? {} : { words: words.slice(0, WORDS_CHARS_MAX) }),
    };
    if (log !== undefined) this.#logs.set(id, log);
    this.#checks.set(sha, [...(this.#checks.get(sha) ?? []), check]);
    return check;
  }

  /** How the checks of a commit stand, without a request. */
  statesOf(sha: string): readonly CheckState[] {
    return (this.#checks.get(sha) ?? []).map(({ state }) => state);
  }

  /** Of one commit, or of all when no sha is named; null mends it. */
  setUnreadable(why: string | null, sha?: string): void {
    if (sha === undefined) this.#down = why;
    else if (why === null) this.#unreadable.delete(sha);
    else this.#unreadable.set(sha, why);
  }

  async readChecks(queries: readonly ChecksQuery[]): Promise<readonly ChecksSeen[]> {
    this.#called(`readChecks ${queries.map(({ repo, sha }) => `${repoKey(repo)}@${sha}`).join()}`);
    return queries.map(({ repo, sha, requiredOn }) => {
      const why = this.#down ?? this.#unreadable.get(sha);
      if (why !== undefined) return { kind: "unreadable", sha, why };
      if (!this.#hasCommit(repo, sha)) {
        return { kind: "unreadable", sha, why: `commit ${sha} is not in the repo` };
      }
      const isHere = (this.#repoOf.get(sha) ?? repoKey(repo)) === repoKey(repo);
      const required = this.#required.get(repoKey(repo)) ?? [];
      return {
        kind: "read",
        sha,
        checks: isHere ? (this.#checks.get(sha) ?? []) : [],
        ...(requiredOn === undefined ? {} : { required }),
        ...(this.#caveat === null ? {} : { caveat: this.#caveat }),
      };
    });
  }

  async readDeployments(queries: readonly DeploymentsQuery[]): Promise<readonly DeploymentsSeen[]> {
    this.#called(`readDeployments ${queries.map(({ repo }) => repoKey(repo)).join()}`);
    return queries.map(({ repo, environment }) => {
      if (this.#down !== null) return { kind: "unreadable", environment, why: this.#down };
      const all = (this.#deployments.get(repoKey(repo)) ?? [])
        .filter((one) => one.environment === environment)
        .map(({ environment: _environment, ...deployment }) => deployment)
        .toReversed();
      const deployments = all.slice(0, DEPLOYMENTS_MAX);
      const read = { kind: "read" as const, environment, deployments };
      return all.length > DEPLOYMENTS_MAX ? { ...read, isTruncated: true } : read;
    });
  }

  async readEvidence(repo: RepoRef, failing: readonly Check[]): Promise<readonly CheckEvidence[]> {
    this.#called(`readEvidence ${repoKey(repo)} ${failing.map(({ name }) => name).join()}`);
    return failing.map(({ name, url, id, words = "" }, index) => {
      const isRead = this.#down === null && index < EVIDENCE_CHECKS_MAX;
      return { name, url, logTail: isRead ? tailOf(this.#logs.get(id) ?? words) : "" };
    });
  }

  #drop(sha: string, name: string, source: string): void {
    const others = (this.#checks.get(sha) ?? []).filter(
      (other) => other.name !== name || other.source !== source,
    );
    this.#checks.set(sha, others);
  }

  #called(call: string): void {
    this.calls.push(call);
    this.beforeCall(call);
  }
}

function tailOf(log: string): string {
  return log.split("\n").slice(-TAIL_LINES_MAX).join("\n").slice(-TAIL_CHARS_MAX);
}
