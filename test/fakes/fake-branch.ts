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

  has(sha: string): boolean {
    return this.#commits.has(sha);
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
    const at = line.findIndex((commit) => commit.sha === baseSha);
    return {
      kind: "readable",
      headSha: this.#headSha,
      isBaseFound: baseSha === null || at !== -1,
      // What a lost base had come from cannot be told, so nothing is left out for it.
      commits: at === -1 ? line : line.slice(0, at),
    };
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
