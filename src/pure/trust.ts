import type { ActingApp, Actor, IssueEvent, Permission } from "./issue.ts";
import type { TrustPolicy } from "./limits.ts";
import type { OwnAccount } from "./ports/tracker.ts";

/** Whether the approval behind a label event starts work, and if not, why in one clause. */
export type TrustDecision =
  | { readonly kind: "trusted" }
  | { readonly kind: "untrusted"; readonly because: string };

/** The newest ready label event, and what is known of whoever is behind it. */
export type TrustQuestion = {
  readonly event: Extract<IssueEvent, { kind: "labeled" }>;
  /** What the event's actor may do in the repo, read in this tick. */
  readonly permission: Permission;
  readonly policy: TrustPolicy;
  readonly ownAccount: OwnAccount;
  /** Through which App the label was put on; null as long as nobody asked, which must start no work. */
  readonly app: ActingApp | null;
};

type Account = Extract<Actor, { kind: "account" }>;

/**
 * Decides whether a label event is a trusted person's word. Agents' accounts and our own never are, whatever
 * else is listed; a bot, or a label put on by an agent (`intent`), only when its account id is listed; a
 * person when listed or when the repo lets them write. An App that acted in the account's name must be listed
 * besides, save a listed bot's own.
 */
export function decideTrust(question: TrustQuestion): TrustDecision {
  const actor = question.event.actor;
  if (actor.kind === "unknown") return untrusted("nobody is named as the one who set the label");
  const byActor = decideByActor(question, actor);
  if (byActor.kind === "untrusted" || question.app === null) return byActor;
  return decideByApp(question.app, actor, question.policy);
}

function decideByActor(question: TrustQuestion, actor: Account): TrustDecision {
  const { event, permission, policy, ownAccount } = question;
  if (actor.id === ownAccount.id || isSameLogin(actor.login, ownAccount.login)) {
    return untrusted("the label was set by afk's own account");
  }
  if (isAgent(actor, policy)) return untrusted("the label was set by an account agents use");
  if (event.isByIntent) {
    return isListedById(actor, policy)
      ? { kind: "trusted" }
      : untrusted("the label was set by an agent on somebody's behalf");
  }
  if (actor.isBot) {
    return isListedById(actor, policy)
      ? { kind: "trusted" }
      : untrusted("the label was set by a bot whose account id is not listed");
  }
  if (isListedById(actor, policy) || isListedByLogin(actor, policy)) return { kind: "trusted" };
  return decideByPermission(permission);
}

/** Whoever uses an App of somebody else's lets it act in their name: the word is the App's until it is listed. */
function decideByApp(app: ActingApp, actor: Account, policy: TrustPolicy): TrustDecision {
  switch (app.kind) {
    case "none":
      return { kind: "trusted" };
    case "app":
      if (policy.trustedActors.includes(`app:${app.id}`)) return { kind: "trusted" };
      // GitHub names the bot of an App by the App's slug, and lets nothing else act as it.
      if (actor.isBot && isSameLogin(actor.login, `${app.slug}[bot]`)) return { kind: "trusted" };
      return untrusted(`the label was set through an App that is not listed (app:${app.id})`);
    case "unreadable":
      return untrusted(`through which App the label was set could not be read: ${app.why}`);
  }
}

function decideByPermission(permission: Permission): TrustDecision {
  switch (permission) {
    case "admin":
    case "write":
      return { kind: "trusted" };
    case "read":
    case "none":
      return untrusted("whoever set the label may not write to the repo");
    case "unreadable":
      return untrusted("what whoever set the label may do in the repo could not be read");
  }
}

function untrusted(because: string): TrustDecision {
  return { kind: "untrusted", because };
}

/** Refusing is generous: id or login, even where a login consists of digits only. */
function isAgent(actor: Account, policy: TrustPolicy): boolean {
  return policy.agentActors.some((entry) => entry === actor.id || isSameLogin(entry, actor.login));
}

function isListedById(actor: Account, policy: TrustPolicy): boolean {
  return policy.trustedActors.some((entry) => isId(entry) && entry === actor.id);
}

/** Neither an id nor an App is a login, whatever login somebody registers that looks like one. */
function isListedByLogin(actor: Account, policy: TrustPolicy): boolean {
  return policy.trustedActors.some(
    (entry) => !isId(entry) && !entry.startsWith("app:") && isSameLogin(entry, actor.login),
  );
}

function isId(entry: string): boolean {
  return /^[0-9]+$/.test(entry);
}

/** Logins compare without regard to case, in ASCII only: `toLowerCase` would fold foreign letters into it. */
function isSameLogin(one: string, other: string): boolean {
  return one.length === other.length && asciiLower(one) === asciiLower(other);
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
