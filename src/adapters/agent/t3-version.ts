/** What a server can do, known from its version (measured from 0.0.26 to 0.0.33, read in code). */
export type T3Capabilities = {
  /** `GET /threads/:id`; before it that path answers with the web app. */
  readonly threadRoute: boolean;
  /** `GET /shell`: the active threads only. */
  readonly shell: boolean;
  /** `?turnLimit=` on the thread route. */
  readonly turnLimit: boolean;
  /** The snapshot lists threads without their contents; before, it is the whole database. */
  readonly bodilessSnapshot: boolean;
  /** A message to a running turn is handed to it; before, it ends that turn and begins another. */
  readonly steering: boolean;
  /** The runtime mode `auto` is known. */
  readonly autoMode: boolean;
  /** A turn that died with the server is shown as an error; before, it is shown as running for ever. */
  readonly noticesRestart: boolean;
};

/** How far a version is known. `newer` servers are asked whether they still take commands. */
export type T3Version =
  | { readonly kind: "too-old" }
  | { readonly kind: "tested" | "newer"; readonly capabilities: T3Capabilities };

type Version = readonly [major: number, minor: number, patch: number];

/** The first with today's tokens and error bodies; the tag v0.0.27 still calls itself so. */
export const OLDEST_VERSION = "0.0.26";
/** The newest whose every answer was recorded. */
export const NEWEST_TESTED_VERSION = "0.0.33";

const SINCE: Readonly<Record<keyof T3Capabilities, string>> = {
  steering: "0.0.28",
  shell: "0.0.29",
  threadRoute: "0.0.29",
  autoMode: "0.0.29",
  turnLimit: "0.0.32",
  bodilessSnapshot: "0.0.32",
  noticesRestart: "0.0.34",
};

/** Judges what a server says of itself; a version that is no number is a development build, so newer. */
export function judgeVersion(serverVersion: string): T3Version {
  const version = parseVersion(serverVersion);
  if (version !== null && compare(version, OLDEST_VERSION) < 0) return { kind: "too-old" };
  const isNewer = version === null || compare(version, NEWEST_TESTED_VERSION) > 0;
  const has = (name: keyof T3Capabilities) =>
    version === null || compare(version, SINCE[name]) >= 0;
  return {
    kind: isNewer ? "newer" : "tested",
    capabilities: {
      threadRoute: has("threadRoute"),
      shell: has("shell"),
      turnLimit: has("turnLimit"),
      bodilessSnapshot: has("bodilessSnapshot"),
      steering: has("steering"),
      autoMode: has("autoMode"),
      noticesRestart: has("noticesRestart"),
    },
  };
}

function parseVersion(text: string): Version | null {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}

function compare(version: Version, other: string): number {
  const parts = parseVersion(other) ?? version;
  for (const [index, part] of version.entries()) {
    const difference = part - (parts[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
