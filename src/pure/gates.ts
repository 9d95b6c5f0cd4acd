// No imports: this file is bundled into the entry that decides before anything else is loaded.

/** Every `AFK_` key this version knows; any other one that is set is a mistake of the operator. */
export const KNOWN_AFK_KEYS: readonly string[] = [
  "AFK_KILL_SWITCH",
  "AFK_ALLOWLIST",
  "AFK_DRAIN",
  "AFK_READY_LABEL",
  "AFK_IN_PROGRESS_LABEL",
  "AFK_HUMAN_LABEL",
  "AFK_PAUSED_LABEL",
  "AFK_TRUSTED_ACTORS",
  "AFK_AGENT_ACTORS",
  "AFK_MAX_RUNS",
  "AFK_FIX_FORWARD_MAX_ATTEMPTS",
  "AFK_FIX_FORWARD_MAX_SECONDS",
  "AFK_TURN_MAX_SECONDS",
  "AFK_VERDICT_MAX_SECONDS",
  "AFK_QUESTION_MAX_SECONDS",
  "AFK_NOTIFY_MAX_SECONDS",
  "AFK_START_GRACE_SECONDS",
  "AFK_ADOPT_GRACE_SECONDS",
  "AFK_CI_GRACE_SECONDS",
  "AFK_NUDGE_MAX_ATTEMPTS",
  "AFK_REDISPATCH_MAX_ATTEMPTS",
  "AFK_ARCHIVE_AFTER_SECONDS",
  "AFK_BUDGET_USD",
  "AFK_CONFIG_FILE",
  "AFK_LEASE",
  "AFK_LEASE_NAMESPACE",
  "AFK_SHARD_INDEX",
  "AFK_SHARD_COUNT",
];

/** Both gates open, or the one that is shut with a sentence that says why and how to arm. */
export type KnownGates =
  | { readonly kind: "open" }
  | {
      readonly kind: "disabled";
      readonly because: "kill-switch" | "allowlist-empty";
      readonly text: string;
    };

/** What the two gates say; `unsure` leaves the answer to the full parser, which names the mistake. */
export type Gates = KnownGates | { readonly kind: "unsure" };

const KILL_SWITCH_TEXT =
  "afk is disabled because AFK_KILL_SWITCH is on or not set: " +
  "to arm it, set AFK_KILL_SWITCH=false and AFK_ALLOWLIST=owner/name.";

const ALLOWLIST_TEXT =
  "afk is disabled because AFK_ALLOWLIST names no repo: to arm it, set AFK_ALLOWLIST=owner/name.";

/** Decides from the environment alone whether anything may run. Never throws. */
export function readGates(env: Readonly<Record<string, string | undefined>>): Gates {
  if (unknownAfkKeys(env).length > 0) return { kind: "unsure" };
  const killSwitch = readSwitch(env["AFK_KILL_SWITCH"]);
  if (killSwitch === "unclear") return { kind: "unsure" };
  if (killSwitch !== "off") {
    return { kind: "disabled", because: "kill-switch", text: KILL_SWITCH_TEXT };
  }
  if (splitList(env["AFK_ALLOWLIST"]).length === 0) {
    return { kind: "disabled", because: "allowlist-empty", text: ALLOWLIST_TEXT };
  }
  return { kind: "open" };
}

/** How both gates stand, in a few words for a log line. What is not plainly off counts as on. */
export function tellGates(env: Readonly<Record<string, string | undefined>>): string {
  const killSwitch = readSwitch(env["AFK_KILL_SWITCH"]) === "off" ? "off" : "on";
  const listed = splitList(env["AFK_ALLOWLIST"]).length;
  return `kill switch ${killSwitch}, allowlist ${listed === 0 ? "empty" : `of ${listed}`}`;
}

/** The keys that are set, begin with `AFK_` and are not known, in the environment's order. */
export function unknownAfkKeys(
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(env)) {
    if (value === undefined || !key.startsWith("AFK_")) continue;
    if (!KNOWN_AFK_KEYS.includes(key)) unknown.push(key);
  }
  return unknown;
}

/** Reads a yes-or-no value in any case and with blanks around it; empty counts as unset. */
export function readSwitch(value: string | undefined): "on" | "off" | "unset" | "unclear" {
  switch ((value ?? "").trim().toLowerCase()) {
    case "":
      return "unset";
    case "true":
    case "1":
    case "yes":
    case "on":
      return "on";
    case "false":
    case "0":
    case "no":
    case "off":
      return "off";
    default:
      return "unclear";
  }
}

/** The entries of a list written with commas, blanks or line ends between them. */
export function splitList(value: string | undefined): readonly string[] {
  return (value ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
}
