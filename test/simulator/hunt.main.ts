import { crashEverywhere } from "./exhaustive.ts";
import { INCIDENTS } from "./incidents.ts";
import { scheduleOf } from "./schedules.ts";
import { playRegression, REGRESSIONS } from "./regressions.ts";
import { simulate } from "./simulation.ts";

/** What a hunt ended with; exit code 1 when something was found. */
export type Find = {
  /** The law that was broken, in a word or two: `law 4`. */
  readonly law: string;
  /** What was played until then. */
  readonly after: string;
  /** What was seen. */
  readonly what: string;
};

const LAW =
  /\b(?:law \d+|bounded \w+|no verdict from silence|reasons|undecided|verdict|at once|refused)(?=:)/;

/** The law that a sentence is about; a crash that ends otherwise breaks law 5. */
function found(what: string, after: string, law = "law 5"): Find {
  return { law: LAW.exec(what)?.[0] ?? law, after, what };
}

/** One thing to be played, and what it is called. */
type Play = {
  readonly after: string;
  readonly law?: string;
  /** The first thing that was wrong, if anything was. */
  readonly first: () => Promise<string | undefined>;
};

function* plays(schedulesMax: number): Generator<Play> {
  for (const { name, law, replay } of INCIDENTS)
    yield { after: `incident: ${name}`, law, first: async () => (await replay())[0] };
  for (const regression of REGRESSIONS) {
    const { name } = regression;
    yield {
      after: `regression: ${name}`,
      first: async () => (await playRegression(regression))[0],
    };
  }
  for (let seed = 1; seed <= schedulesMax; seed += 1) {
    if (seed === Math.ceil(schedulesMax / 2))
      yield { after: "crash plays", first: async () => (await crashEverywhere(0, 1)).broken[0] };
    const first = async () => (await simulate(scheduleOf(seed))).broken[0];
    yield { after: `${seed} schedules`, first };
  }
}

/**
 * Plays until the first law is broken. What throws at play was brought about by the bug, and a broken law says more:
 * the hunt goes on after it.
 */
async function hunt(schedulesMax: number): Promise<Find | null> {
  let thrown: Find | null = null;
  for (const { after, law, first } of plays(schedulesMax)) {
    try {
      const wrong = await first();
      if (wrong !== undefined) return found(wrong, after, law);
    } catch (error) {
      thrown ??= { law: "none", after: `a throw in ${after}`, what: String(error) };
    }
  }
  return thrown;
}

// What does not even load never gets here.
const find = await hunt(Number(process.argv[2] ?? 1000));
console.log(JSON.stringify(find));
process.exitCode = find === null ? 0 : 1;
