import { type ConfigResult, parseConfig } from "../../src/pure/config.ts";
import { type Gates, readGates } from "../../src/pure/gates.ts";
import type { World } from "../loops/world.ts";
import type { GateAct } from "./moves.ts";

/** What a ticking installation needs beside its gates: nothing of it may be what holds a tick back. */
const SERVICES = {
  T3_BASE_URL: "http://127.0.0.1:1",
  T3_TOKEN: "not-a-secret",
  T3_MODEL: "claude-sonnet-4-5",
  GITHUB_TOKEN: "not-a-secret",
};

type Setting = { readonly value: string | undefined; readonly isArmed: boolean };

type Read = { readonly front: Gates; readonly program: ConfigResult };

/** The two gates as an operator sets them, and what the product reads of them. */
export class Gatekeeper {
  readonly #repos: string;
  #killSwitch: Setting = { value: "false", isArmed: true };
  #allowlist: Setting;
  #read: Read | null = null;

  constructor(repos: readonly string[]) {
    this.#repos = repos.map((repo) => `o/${repo}`).join();
    this.#allowlist = { value: this.#repos, isArmed: true };
  }

  setKillSwitch(isOn: boolean): void {
    this.#set({ killSwitch: { value: String(isOn), isArmed: !isOn } });
  }

  perform(act: GateAct): void {
    switch (act) {
      case "kill-switch-unset":
        this.#set({ killSwitch: { value: undefined, isArmed: false } });
        return;
      case "kill-switch-blank":
        this.#set({ killSwitch: { value: " ", isArmed: false } });
        return;
      case "kill-switch-misspelt":
        this.#set({ killSwitch: { value: "flase", isArmed: false } });
        return;
      case "allowlist-unset":
        this.#set({ allowlist: { value: undefined, isArmed: false } });
        return;
      case "allowlist-emptied":
        this.#set({ allowlist: { value: " , ", isArmed: false } });
        return;
      case "allowlist-filled":
        this.#set({ allowlist: { value: this.#repos, isArmed: true } });
    }
  }

  openBoth(): void {
    this.setKillSwitch(false);
    this.perform("allowlist-filled");
  }

  /** By what the operator set, and not by what the product makes of it. */
  isArmed(): boolean {
    return this.#killSwitch.isArmed && this.#allowlist.isArmed;
  }

  /** Whether a tick gets past the front door, or past the program's own look: a flag leads around the first. */
  letsPass(): boolean {
    this.#read ??= look(this.#killSwitch.value, this.#allowlist.value);
    const { front, program } = this.#read;
    if (front.kind === "open") return true;
    return program.kind === "ok" && program.config.gates.kind === "open";
  }

  #set(change: { readonly killSwitch?: Setting; readonly allowlist?: Setting }): void {
    this.#killSwitch = change.killSwitch ?? this.#killSwitch;
    this.#allowlist = change.allowlist ?? this.#allowlist;
    this.#read = null;
  }
}

const NOTHING_READ: ConfigResult = { kind: "problems", problems: [] };

/** The same environment always reads the same, and the whole configuration takes longer to read than a tick to play. */
const reads = new Map<string, Read>();

function look(killSwitch: string | undefined, allowlist: string | undefined): Read {
  const key = JSON.stringify([killSwitch ?? null, allowlist ?? null]);
  const known = reads.get(key);
  if (known !== undefined) return known;
  const env = { ...SERVICES, AFK_KILL_SWITCH: killSwitch, AFK_ALLOWLIST: allowlist };
  const front = readGates(env);
  // What the front door lets in needs no second look here.
  const program = front.kind === "open" ? NOTHING_READ : parseConfig(env, undefined);
  const read = { front, program };
  reads.set(key, read);
  return read;
}

/** Every request of every kind that anything was ever asked in this world, its leases included. */
export function requestsOf(world: World): number {
  const { tracker, agent, ci, rollouts, notifiers, pollLease, watchLease } = world;
  const asked = [tracker, agent, ci, rollouts, pollLease, watchLease, ...notifiers];
  return asked.reduce((sum, { calls }) => sum + calls.length, 0);
}
