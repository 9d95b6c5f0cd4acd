import { crashEverywhere } from "./exhaustive.ts";
import { INCIDENTS } from "./incidents.ts";
import { scheduleOf } from "./moves.ts";
import { playRegression, REGRESSIONS } from "./regressions.ts";
import { simulate } from "./simulation.ts";

/** Plays until the first law is broken, and says which and after how many schedules; exit code 1 then. */
async function hunt(schedulesMax: number): Promise<string | null> {
  for (const { name, replay } of INCIDENTS) {
    const [wrong] = await replay();
    if (wrong !== undefined) return `incident "${name}": ${wrong}`;
  }
  for (const regression of REGRESSIONS) {
    const [wrong] = await playRegression(regression);
    if (wrong !== undefined) return `regression "${regression.name}": ${wrong}`;
  }
  for (let seed = 1; seed <= schedulesMax / 2; seed += 1) {
    const { broken } = await simulate(scheduleOf(seed));
    if (broken[0] !== undefined) return `${broken[0]} (schedules: ${seed})`;
  }
  const { broken, plays } = await crashEverywhere(0, 1);
  if (broken[0] !== undefined) return `${broken[0]} (crash plays: ${plays})`;
  for (let seed = schedulesMax / 2 + 1; seed <= schedulesMax; seed += 1) {
    const { broken: more } = await simulate(scheduleOf(seed));
    if (more[0] !== undefined) return `${more[0]} (schedules: ${seed})`;
  }
  return null;
}

// What throws at play was brought about by the bug; what does not even load never gets here.
const found = await hunt(Number(process.argv[2] ?? 1000)).catch(
  (error: unknown) => `threw: ${String(error)}`,
);
console.log(found ?? "every law was kept");
process.exitCode = found === null ? 0 : 1;
