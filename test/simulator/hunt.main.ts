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

/** Plays until the first law is broken. */
async function hunt(schedulesMax: number): Promise<Find | null> {
  for (const { name, law, replay } of INCIDENTS) {
    const [wrong] = await replay();
    if (wrong !== undefined) return found(wrong, `incident: ${name}`, law);
  }
  for (const regression of REGRESSIONS) {
    const [wrong] = await playRegression(regression);
    if (wrong !== undefined) return found(wrong, `regression: ${regression.name}`);
  }
  for (let seed = 1; seed <= schedulesMax / 2; seed += 1) {
    const { broken } = await simulate(scheduleOf(seed));
    if (broken[0] !== undefined) return found(broken[0], `${seed} schedules`);
  }
  const { broken, plays } = await crashEverywhere(0, 1);
  if (broken[0] !== undefined) return found(broken[0], `${plays} crash plays`);
  for (let seed = schedulesMax / 2 + 1; seed <= schedulesMax; seed += 1) {
    const { broken: more } = await simulate(scheduleOf(seed));
    if (more[0] !== undefined) return found(more[0], `${seed} schedules`);
  }
  return null;
}

// What throws at play was brought about by the bug; what does not even load never gets here.
const find = await hunt(Number(process.argv[2] ?? 1000)).catch(
  (error: unknown): Find => ({ law: "none", after: "a throw", what: String(error) }),
);
console.log(JSON.stringify(find));
process.exitCode = find === null ? 0 : 1;
