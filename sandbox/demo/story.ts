import type { HoldBecause } from "../../src/pure/dispatch-policy.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import type { TurnKind, VerdictBecause, VerdictKind } from "../../src/pure/verdict.ts";
import type { StoryReading } from "./reading.ts";
import type { LogLine } from "./ticks.ts";
import type { World } from "./world.ts";

/** How a story must end: with a verdict of its newest run, or held for ever. */
export type Expected =
  | {
      readonly verdict: VerdictKind;
      readonly because: VerdictBecause;
      /** The kinds of the newest run's turns, each as often as it was asked for, attempts included. */
      readonly turns?: readonly TurnKind[];
      /** Runs of this issue; one where nothing is said. */
      readonly runs?: number;
      /** Doorbells of all its runs together; one for each run but a cancelled one where nothing is said. */
      readonly bells?: number;
    }
  | {
      readonly held: HoldBecause;
      /** Comments of afk that tell of the hold. */
      readonly notices: number;
    };

/** One issue of the demo, what is done to it, and how it must end. */
export type Story = {
  readonly name: string;
  /** What it shows, in one line. */
  readonly tells: string;
  /** `owner/name`. */
  readonly repo: string;
  readonly title: string;
  /** Chooses what the scripted agent does; it reads this in its prompt, like any issue text. */
  readonly script: string;
  readonly expected: Expected;
  /** 2 is played when all stories of the first scene are over: what breaks there breaks for everyone. */
  readonly scene?: 1 | 2;
  /** Stories it cannot be told without. */
  readonly with?: readonly string[];
  /** Right after its issue was opened and labelled by the trusted person, before any tick sees it. */
  readonly open?: (stage: Stage) => void;
  /** What people and fate do while the ticks go on. */
  readonly play?: (stage: Stage) => Promise<void>;
  /** What else must be true at the end: every sentence speaks against it. */
  readonly against?: (stage: Stage) => readonly string[];
};

/** A story on the stage of a world: what those who act in it can see and do. */
export type Stage = {
  readonly world: World;
  readonly story: Story;
  readonly issue: { readonly repo: string; readonly number: number };
  /** The issue opened for another story. */
  readonly issueOf: (name: string) => { readonly repo: string; readonly number: number };
  readonly read: () => StoryReading;
  /** The newest run's record; null before there is one. */
  readonly record: () => RunRecord | null;
  /** Whether the agent is at work on the newest run's newest turn, as T3 shows it. */
  readonly isTurnRunning: () => boolean;
  /** Every line that the ticks logged about this issue. */
  readonly log: () => readonly LogLine[];
  /** Answers when it is so. Throws when it never becomes so within the demo's time. */
  readonly until: (what: string, isSo: () => boolean) => Promise<void>;
};

/** The text of a story's issue. */
export function issueBody(script: string): string {
  return [
    "The function must answer with the id of the run that made it, and a test must show it.",
    "",
    `Story: ${script}`,
  ].join("\n");
}
