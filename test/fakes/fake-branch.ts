import { createHash } from "node:crypto";
import type { BranchCommit, BranchSeen } from "../../src/pure/commits.ts";

/** The default branch of one faked repo: one line of commits whose shas follow from their contents. */
export class FakeBranch {
  readonly #repoKey: string;
  readonly #commits = new Map<string, BranchCommit>();
  #headSha: string | null = null;
  /** Set to answer `truncated`, as a range longer than the reader's page limit does. */
  truncated: string | null = null;

  constructor(repoKey: string) {
    this.#repoKey = repoKey;
  }

  get headSha(): string | null {
    return this.#headSha;
  }

  push(message: string): string {
    const parents = this.#headSha === null ? [] : [this.#headSha];
    const text = [this.#repoKey, this.#commits.size, parents.join(), message].join("\n");
    const sha = createHash("sha1").update(text).digest("hex");
    this.#commits.set(sha, { sha, message, parents });
    this.#headSha = sha;
    return sha;
  }

  forcePush(toSha: string): void {
    if (!this.#commits.has(toSha)) throw new Error(`${this.#repoKey} never had commit ${toSha}`);
    this.#headSha = toSha;
  }

  read(baseSha: string | null): BranchSeen {
    if (this.truncated !== null) return { kind: "truncated", why: this.truncated };
    if (this.#headSha === null) return { kind: "unreadable", why: "the repo has no commits" };
    const line = this.#lineFrom(this.#headSha);
    const known = new Set(this.#lineFrom(baseSha).map((commit) => commit.sha));
    return {
      kind: "readable",
      headSha: this.#headSha,
      isBaseFound: baseSha === null || line.some((commit) => commit.sha === baseSha),
      commits: line.filter((commit) => !known.has(commit.sha)),
    };
  }

  #lineFrom(sha: string | null): readonly BranchCommit[] {
    const line: BranchCommit[] = [];
    let commit = sha === null ? undefined : this.#commits.get(sha);
    while (commit !== undefined) {
      line.push({ ...commit });
      const [parent] = commit.parents;
      commit = parent === undefined ? undefined : this.#commits.get(parent);
    }
    return line;
  }
}
