import { randomBytes } from "node:crypto";
import { isoSeconds } from "./git.ts";
import type {
  Account,
  AccountKind,
  Comment,
  ForgeEvent,
  Issue,
  Label,
  Permission,
  Repo,
} from "./model.ts";

/** A thing that a global node id names. */
export type NodeRecord =
  | { readonly kind: "account"; readonly account: Account }
  | { readonly kind: "repo"; readonly repo: Repo }
  | { readonly kind: "issue"; readonly issue: Issue }
  | { readonly kind: "comment"; readonly comment: Comment };

/** The state of the whole forge. Ids grow over the world; times are ISO 8601 with seconds. */
export type World = {
  readonly accounts: Account[];
  /** By `owner/name` in lower case: GitHub's names ignore case. */
  readonly repos: Map<string, Repo>;
  readonly nodes: Map<string, NodeRecord>;
  /** A new id, and the node id that goes with it. */
  identify(prefix: string): { readonly id: number; readonly nodeId: string };
  now(): string;
  nowMs(): number;
  emit(event: ForgeEvent): void;
  on(listener: (event: ForgeEvent) => void): () => void;
};

// Ids begin where no issue number of the demo reaches, so a mixed-up id and number shows.
const FIRST_ID = 1_000_000;

/** Makes an empty world. `nowMs` is its clock. */
export function createWorld(nowMs: () => number): World {
  const listeners = new Set<(event: ForgeEvent) => void>();
  let lastId = FIRST_ID;
  return {
    accounts: [],
    repos: new Map(),
    nodes: new Map(),
    identify(prefix) {
      lastId += 1;
      const opaque = Buffer.from(`${prefix}:${lastId}`).toString("base64url");
      return { id: lastId, nodeId: `${prefix}_${opaque}` };
    },
    now: () => isoSeconds(nowMs()),
    nowMs,
    emit(event) {
      for (const listener of listeners) listener(event);
    },
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Adds an account with a token of its own. Throws when the login is taken. */
export function addAccount(
  world: World,
  wanted: { readonly login: string; readonly kind: AccountKind },
): Account {
  if (findAccount(world, wanted.login) !== null) {
    throw new Error(`account ${wanted.login} exists already: choose another login`);
  }
  const ids = world.identify(wanted.kind === "User" ? "U" : "BOT");
  const token = `ghp_${randomBytes(18).toString("hex")}`;
  const account = { ...ids, login: wanted.login, kind: wanted.kind, token, isDeleted: false };
  world.accounts.push(account);
  world.nodes.set(account.nodeId, { kind: "account", account });
  return account;
}

/** Takes an account away: its token is refused and what it did is nobody's. Throws when there is none. */
export function deleteAccount(world: World, login: string): void {
  const account = needAccount(world, login);
  account.isDeleted = true;
  world.accounts.splice(world.accounts.indexOf(account), 1);
  world.nodes.delete(account.nodeId);
}

/** The account of a login, with or without a bot's suffix, whatever its case; null when absent. */
export function findAccount(world: World, login: string): Account | null {
  const wanted = bareLogin(login).toLowerCase();
  return world.accounts.find((one) => bareLogin(one.login).toLowerCase() === wanted) ?? null;
}

/** The account of a login. Throws when there is none. */
export function needAccount(world: World, login: string): Account {
  const account = findAccount(world, login);
  if (account === null) throw new Error(`no account ${login}: add it with addAccount`);
  return account;
}

/** The repo of `owner/name`; null when absent. */
export function findRepo(world: World, key: string): Repo | null {
  return world.repos.get(key.toLowerCase()) ?? null;
}

/** The repo of `owner/name`. Throws when there is none. */
export function needRepo(world: World, key: string): Repo {
  const repo = findRepo(world, key);
  if (repo === null) throw new Error(`no repo ${key}: make it with createRepo`);
  return repo;
}

/** A login as GraphQL spells it: bots carry no suffix there. */
export function bareLogin(login: string): string {
  return login.replace(/\[bot\]$/, "");
}

/** A login as REST spells it: bots end in `[bot]`. */
export function restLogin(account: Account): string {
  return account.kind === "Bot" ? `${bareLogin(account.login)}[bot]` : account.login;
}

/** What an account may do in a repo: everybody reads a public one. */
export function permissionOf(repo: Repo, account: Account): Permission | "none" {
  const { reach } = account;
  if (reach?.repos.has(repo.key.toLowerCase()) === true) return reach.mayWrite ? "write" : "read";
  if (reach !== undefined) return repo.isPrivate ? "none" : "read";
  const granted = repo.permissions.get(bareLogin(account.login).toLowerCase());
  return granted ?? (repo.isPrivate ? "none" : "read");
}

/** Whether the account may change the repo. */
export function mayWrite(repo: Repo, account: Account): boolean {
  const permission = permissionOf(repo, account);
  return permission === "admin" || permission === "write";
}

/** The repo's label of that name in any case; like GitHub, an unknown one is made on the fly. */
export function ensureLabel(world: World, repo: Repo, name: string): Label {
  const known = repo.labels.get(name.toLowerCase());
  return known ?? createLabel(world, repo, { name, color: "ededed", description: null });
}

/** Makes a label, in the place of one of the same name. */
export function createLabel(
  world: World,
  repo: Repo,
  look: Pick<Label, "name" | "color" | "description">,
): Label {
  const label = { ...world.identify("LA"), ...look };
  repo.labels.set(look.name.toLowerCase(), label);
  return label;
}
