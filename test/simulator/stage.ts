import type { IssueRef } from "../../src/pure/issue.ts";
import type { World } from "../loops/world.ts";
import type { Counts } from "./counts.ts";
import type { Gatekeeper } from "./gatekeeper.ts";
import type { Storyteller } from "./storyteller.ts";
import type { Watchman } from "./watchman.ts";

/** Which services say nothing at the moment. */
export type Silence = { isAgentSilent: boolean; isCiSilent: boolean };

/** What no tick can be blamed for: each excuse is of one request, or of one event. */
export type Excuses = {
  /** The requests that landed although their tick had lost its lease, as the timeline tells them. */
  readonly late: string[];
  /** Ids of the events that a person brought about in the middle of a tick. */
  readonly midTick: Set<string>;
};

/** What all who play a schedule share. */
export type Stage = {
  readonly world: World;
  readonly watchman: Watchman;
  readonly gates: Gatekeeper;
  readonly counts: Counts;
  readonly teller: Storyteller;
  readonly excuses: Excuses;
  readonly silence: Silence;
};

/** On which issue a person acts; the number tells one act's text from another's. */
export type ActedOn = { readonly ref: IssueRef; readonly number: number };
