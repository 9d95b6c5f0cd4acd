import { createHash } from "node:crypto";
import type { BranchCommit, BranchPush, BranchSeen } from "../../src/pure/commits.ts";

/** Who pushed and when, as a forge logs it. */
type PushStamp = Pick<BranchPush, "by" | "at">;

// What stands for no commit in a push log.
const NO_SHA = "0".repeat(40);

/** The default branch of one faked repo: one line of commits whose shas follow from their contents. */
export class FakeBranch {
  readonly #repoKey: string;
  readonly #commits = new Map<string, BranchCommit>();
  readonly #pushes: BranchPush[] = [];
  #headSha: string | null = null;
  /** Set to answer `truncated`, as a range longer than the reader's page limit does. */
  truncated: string | null = null;

  constructor(repoKey: string) {
    this.#repoKey = repoKey;
  }

  get headSha(): string | null {
    return this.#headSha;
  }

  has(sha: string): boolean {
    return this.#commits.has(sha);
  }

  /** One push of several commits, the first of them the deepest. Answers their shas. */
  push(messages: readonly string[], stamp: PushStamp): readonly string[] {
    const before = this.#headSha;
    const shas = messages.map((message) => this.#commit(message));
    this.#log(before, stamp, false);
    return shas;
  }

  forcePush(toSha: string, stamp: PushStamp): void {
    if (!this.#commits.has(toSha)) throw new Error(`${this.#repoKey} never had commit ${toSha}`);
    const before = this.#headSha;
    this.#headSha = toSha;
    this.#log(before, stamp, true);
  }

  /** The push log, newest first. */
  readPushes(): readonly BranchPush[] {
    return this.#pushes.toReversed();
  }

  #commit(message: string): string {
    const parents = this.#headSha === null ? [] : [this.#headSha];
    const text = [this.#repoKey, this.#commits.size, parents.join(), message].join("\n");
    const sha = createHash("sha1").update(text).digest("hex");
    this.#commits.set(sha, { sha, message, parents });
    this.#headSha = sha;
    return sha;
  }

  #log(before: string | null, stamp: PushStamp, isForced: boolean): void {
    const after = this.#headSha ?? NO_SHA;
    this.#pushes.push({ before: before ?? NO_SHA, after, isForced, ...stamp });
  }

  read(baseSha: string | null): BranchSeen {
    if (this.truncated !== null) return { kind: "truncated", why: this.truncated };
    if (this.#headSha === null) return { kind: "unreadable", why: "the repo has no commits" };
    const line = this.#lineFrom(this.#headSha);
    const at = line.findIndex((commit) => commit.sha === baseSha);
    return {
      kind: "readable",
      headSha: this.#headSha,
      isBaseFound: baseSha === null || at !== -1,
      // What a lost base had come from cannot be told, so nothing is left out for it.
      commits: at === -1 ? line : line.slice(0, at),
    };
  }

  /** The whole line, newest first, however much of it a reader is shown. */
  shas(): readonly string[] {
    return this.#headSha === null ? [] : this.#lineFrom(this.#headSha).map(({ sha }) => sha);
  }

  #lineFrom(sha: string): readonly BranchCommit[] {
    const line: BranchCommit[] = [];
    let commit = this.#commits.get(sha);
    while (commit !== undefined) {
      line.push({ ...commit });
      const [parent] = commit.parents;
      commit = parent === undefined ? undefined : this.#commits.get(parent);
    }
    return line;
  }
}
