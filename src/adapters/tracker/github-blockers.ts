import { type BlockerNode, judgeBlockers, nodeIdOf } from "../../pure/blocker-graph.ts";
import { parseBlockerWords } from "../../pure/blocker-words.ts";
import { type IssueRef, type IssueSeen, issueKey, type RepoRef } from "../../pure/issue.ts";
import * as z from "zod";
import { type AliasAnswer, askRepos, type Part, readWhole } from "./github-ask.ts";
import { BlockerWire, toBlocker } from "./github-blocker-wire.ts";
import type { GithubClient } from "./github-client.ts";
import { isHiddenBlocker } from "./github-details.ts";
import { blockerSelection, REPOS_PER_QUERY_MAX } from "./github-queries.ts";
import { isSameName } from "./github-wire.ts";

/**
 * A way round over more than five issues is not named: its issues are blocked all the same, and
 * each level costs a request in every tick.
 */
const LEVELS_MAX = 4;
/** Ten requests: whoever names more blockers in one tick's candidates delays only those past it. */
const READS_MAX = 250;

const FoundWire = z.object({ issueOrPullRequest: BlockerWire });

/** An issue that is to be read as a blocker; `number` is of `repo`. */
type Wanted = { readonly repo: RepoRef; readonly number: number; readonly key: string };

/** A candidate and what it waits for: those GitHub keeps and those its words name. */
type Candidate = {
  readonly issue: IssueSeen;
  readonly key: string;
  readonly on: readonly string[];
};

type Walk = {
  readonly nodes: Map<string, BlockerNode>;
  /** Issues that were asked about, or need not be. */
  readonly asked: Set<string>;
  /** By node id, why a read failed that may do better in the next tick. */
  readonly failed: Map<string, string>;
  readsLeft: number;
};

/**
 * Completes the blockers of candidates with those their own words name, and tells circles. All
 * candidates share each request; none is made where nothing is named and nothing open is linked.
 * A read that failed makes its candidate unreadable; what is not there or hidden is a blocker that
 * is. Never throws.
 */
export async function readBlockers(
  client: GithubClient,
  issues: readonly IssueSeen[],
): Promise<ReadonlyMap<IssueSeen, Part<IssueSeen>>> {
  const whole = new Map<IssueSeen, Part<IssueSeen>>();
  const candidates: Candidate[] = [];
  const walk: Walk = {
    nodes: new Map(),
    asked: new Set(),
    failed: new Map(),
    readsLeft: READS_MAX,
  };
  for (const issue of issues) {
    const candidate = toCandidate(walk, issue);
    if (candidate.kind === "read") candidates.push(candidate.value);
    else whole.set(issue, { kind: "read", value: { ...issue, blockers: candidate } });
  }
  for (const { key, on } of candidates) {
    walk.nodes.set(nodeIdOf(key), { key, state: "open", on });
    walk.asked.add(nodeIdOf(key));
  }
  let level = candidates.flatMap(({ on }) => on);
  for (let depth = 1; depth <= LEVELS_MAX && level.length > 0; depth += 1) {
    level = await readLevel(client, walk, level);
  }
  for (const candidate of candidates) whole.set(candidate.issue, judge(walk, candidate));
  return whole;
}

function toCandidate(walk: Walk, issue: IssueSeen): Part<Candidate> {
  if (issue.blockers.kind === "unreadable") return issue.blockers;
  const words = parseBlockerWords(issue.body, issue);
  if (words.kind === "unreadable") return words;
  const native = issue.blockers.blockers;
  for (const { key, state } of native) {
    const id = nodeIdOf(key);
    if (state === "cyclic") continue;
    if (!walk.nodes.has(id)) walk.nodes.set(id, { key, state, on: [] });
    // Only what is open has blockers of its own that matter.
    if (state !== "open") walk.asked.add(id);
  }
  const on = [...native.map(({ key }) => key), ...words.refs.map(issueKey)];
  return { kind: "read", value: { issue, key: issueKey(issue.ref), on } };
}

/** Reads what was not asked yet; answers what the open ones among it wait for. */
async function readLevel(
  client: GithubClient,
  walk: Walk,
  keys: readonly string[],
): Promise<string[]> {
  const wanted = new Map<string, Wanted>();
  for (const key of keys) {
    const id = nodeIdOf(key);
    const ref = refOf(key);
    if (ref === null || walk.asked.has(id) || wanted.has(id)) continue;
    // The first spelling is told: that of a link is GitHub's own.
    wanted.set(id, { ...ref, key: walk.nodes.get(id)?.key ?? key });
  }
  const items = [...wanted].slice(0, walk.readsLeft);
  walk.readsLeft -= items.length;
  for (const [id] of [...wanted].slice(items.length)) {
    walk.failed.set(id, `more than ${READS_MAX} blockers are named in this tick`);
  }
  const answers = await ask(
    client,
    items.map(([, each]) => each),
  );
  const next: string[] = [];
  for (const [index, [id, each]] of items.entries()) {
    walk.asked.add(id);
    const answer = answers[index] ?? { kind: "failed", why: "no answer" };
    const known = walk.nodes.get(id);
    const part = toNode(each, answer);
    if (part.kind === "unreadable") {
      // A link that GitHub keeps came with its state.
      if (known === undefined) walk.failed.set(id, part.why);
      continue;
    }
    const node = part.value;
    if (node.state === "unreadable" && known !== undefined) continue;
    walk.nodes.set(id, node);
    if (node.state === "open") next.push(...node.on);
  }
  return next;
}

function ask(client: GithubClient, wanted: readonly Wanted[]): Promise<readonly AliasAnswer[]> {
  return askRepos(client, wanted, {
    operation: "Blockers",
    batchMax: REPOS_PER_QUERY_MAX,
    select: ({ number }, n) => ({
      selection: blockerSelection(`$number${n}`),
      variables: { [`number${n}`]: { type: "Int!", value: number } },
    }),
  });
}

/** GitHub's words for what is not there, renamed, or hidden; no other error says so much. */
const GONE: ReadonlySet<string | undefined> = new Set(["NOT_FOUND", "FORBIDDEN"]);

/**
 * What is not there, hidden, or moved to another repo is an unreadable blocker: nobody can tell
 * that it is done. Any other gap says nothing of it, and may be gone in the next tick.
 */
function toNode({ repo, number, key }: Wanted, answer: AliasAnswer): Part<BlockerNode> {
  if (answer.kind === "failed") return { kind: "unreadable", why: answer.why };
  const unreadable: Part<BlockerNode> = {
    kind: "read",
    value: { key, state: "unreadable", on: [] },
  };
  const errors = answer.errors.filter(
    ({ path = [] }) => path[1] !== "issueOrPullRequest" || !isHiddenBlocker(path.slice(2)),
  );
  if (errors.length > 0 && errors.every(({ type }) => GONE.has(type))) return unreadable;
  const part = readWhole({ ...answer, errors }, FoundWire);
  if (part.kind === "unreadable") return part;
  const found = part.value.issueOrPullRequest;
  if (found.number !== number || !isSameName(repo, found.repository.nameWithOwner)) {
    return unreadable;
  }
  return { kind: "read", value: { key, ...stateOf(found, { repo, number }) } };
}

function stateOf(
  found: z.infer<typeof BlockerWire>,
  ref: IssueRef,
): Pick<BlockerNode, "state" | "on"> {
  if (found.__typename === "PullRequest") {
    return { state: found.pullState === "OPEN" ? "open" : "closed", on: [] };
  }
  if (found.issueState === "CLOSED") return { state: "closed", on: [] };
  const words = parseBlockerWords(found.body, { ref, url: found.url });
  const named = words.kind === "named" ? words.refs.map(issueKey) : [];
  const native = found.blockedBy.nodes.map((each) => toBlocker(each));
  const open = native.filter(({ state }) => state === "open").map((each) => each.key);
  return { state: "open", on: [...open, ...named] };
}

function judge(walk: Walk, { issue, key, on }: Candidate): Part<IssueSeen> {
  for (const each of on) {
    const why = walk.failed.get(nodeIdOf(each));
    if (why === undefined || walk.nodes.has(nodeIdOf(each))) continue;
    return { kind: "unreadable", why: `its blocker ${each}: ${why}` };
  }
  const blockers = judgeBlockers({ key, on }, walk.nodes);
  return { kind: "read", value: { ...issue, blockers: { kind: "listed", blockers } } };
}

/** The issue a key names; null for one that is hidden. */
function refOf(key: string): IssueRef | null {
  const [, owner, name, digits] = /^([^/#\s]+)\/([^/#\s]+)#(\d+)$/.exec(key) ?? [];
  if (owner === undefined || name === undefined) return null;
  return { repo: { tracker: "github", owner, name }, number: Number(digits) };
}
