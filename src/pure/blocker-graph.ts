import type { Blocker } from "./issue.ts";

/** An issue as a blocker of others; `key` is printed `owner/name#N`. */
export type BlockerNode = {
  readonly key: string;
  readonly state: "open" | "closed" | "unreadable";
  /** What it waits for itself, by key; empty where that was not read. */
  readonly on: readonly string[];
};

/** What was read of blockers, by `nodeIdOf` their keys. */
export type BlockerGraph = ReadonlyMap<string, BlockerNode>;

/** Forges ignore case in the names of repos: one issue under two spellings is one node. */
export function nodeIdOf(key: string): string {
  return key.toLowerCase();
}

/**
 * The blockers of one issue with their states, in the order given, each once. An open one that waits, over however
 * many open issues, for this issue or for itself is `cyclic` and names the way round; one the graph does not know
 * is unreadable.
 */
export function judgeBlockers(
  of: { readonly key: string; readonly on: readonly string[] },
  graph: BlockerGraph,
): readonly Blocker[] {
  const start: BlockerNode = { ...of, state: "open" };
  // The issue itself as it was read for this: a second reading of it tells nothing new.
  const whole = new Map([...graph, [nodeIdOf(of.key), start]]);
  const direct = new Map(of.on.map((key) => [nodeIdOf(key), key]));
  return [...direct].map(([id, key]): Blocker => {
    const node = whole.get(id);
    if (node === undefined) return { key, state: "unreadable" };
    if (node.state !== "open") return { key: node.key, state: node.state };
    const cycle = findCycle(whole, { start, blocker: node });
    if (cycle === null) return { key: node.key, state: "open" };
    return { key: node.key, state: "cyclic", cycle };
  });
}

/** The way round over the issue itself if there is one, else any that the blocker waits for. */
function findCycle(
  graph: BlockerGraph,
  at: { readonly start: BlockerNode; readonly blocker: BlockerNode },
): readonly string[] | null {
  const { start, blocker } = at;
  const home = wayTo(graph, blocker, start);
  if (home !== null) return blocker === start ? [start.key, start.key] : [start.key, ...home];
  return anyCycle(graph, blocker);
}

/** The first way round found in depth, walking every issue once; null when all ways come to an end. */
function anyCycle(graph: BlockerGraph, from: BlockerNode): readonly string[] | null {
  const seen = new Set([from]);
  const path = [{ node: from, next: openNext(graph, from).values() }];
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const step = last.next.next();
    if (step.done === true) {
      path.pop();
      continue;
    }
    const { value } = step;
    const at = path.findIndex(({ node }) => node === value);
    if (at !== -1) return [...path.slice(at).map(({ node }) => node.key), value.key];
    if (seen.has(value)) continue;
    seen.add(value);
    path.push({ node: value, next: openNext(graph, value).values() });
  }
  return null;
}

/** The shortest way along open issues, both ends named; null when there is none. */
function wayTo(
  graph: BlockerGraph,
  from: BlockerNode,
  goal: BlockerNode,
): readonly string[] | null {
  const cameFrom = new Map<BlockerNode, BlockerNode | null>([[from, null]]);
  for (const node of openFrom(graph, cameFrom)) {
    if (node !== goal) continue;
    const way: string[] = [];
    for (let at: BlockerNode | null = node; at !== null; at = cameFrom.get(at) ?? null) {
      way.unshift(at.key);
    }
    return way;
  }
  return null;
}

/** Every open issue reached from those given, nearest first, these included; notes from where each was reached. */
function* openFrom(
  graph: BlockerGraph,
  cameFrom: Map<BlockerNode, BlockerNode | null>,
): Generator<BlockerNode> {
  for (const node of cameFrom.keys()) {
    yield node;
    for (const next of openNext(graph, node)) {
      // A Map that grows while it is walked is walked to its new end.
      if (!cameFrom.has(next)) cameFrom.set(next, node);
    }
  }
}

function openNext(graph: BlockerGraph, node: BlockerNode): readonly BlockerNode[] {
  return node.on.flatMap((key) => {
    const next = graph.get(nodeIdOf(key));
    return next?.state === "open" ? [next] : [];
  });
}
