import { parseArgs } from "node:util";
import { renderTable } from "../src/pure/text-table.ts";
import {
  brokenPromise,
  type Measured,
  measureBusy,
  measureIdle,
  REPOS,
} from "../test/bench/request-scenarios.ts";
import { startRequestWorld } from "../test/bench/request-world.ts";

/** More than any installation we know of enrolls; printed without a promise. */
const MANY_REPOS = 200;

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });

const measured = await measure();
const broken = measured.map(brokenPromise).filter((why) => why !== null);
const lines = values.json
  ? [JSON.stringify({ scenarios: measured, broken }, null, 2)]
  : [
      ...render(measured),
      "",
      "Counted by the sandbox forge, one tick each; minting a token is not counted.",
      ...broken.map((why) => `BROKEN  ${why}`),
    ];
process.stdout.write(`${lines.join("\n")}\n`);
process.exitCode = broken.length > 0 ? 1 : 0;

async function measure(): Promise<readonly Measured[]> {
  const world = await startRequestWorld({ repos: MANY_REPOS });
  try {
    // The idle ones first: later there are issues.
    const idle = await measureIdle(world, REPOS);
    const many = await measureIdle(world, MANY_REPOS);
    return [idle, ...(await measureBusy(world)), many];
  } finally {
    await world.close();
  }
}

function render(all: readonly Measured[]): readonly string[] {
  return renderTable(
    [
      { key: "scenario", heading: "scenario", fit: "whole" },
      { key: "requests", heading: "requests", fit: "whole" },
      { key: "most", heading: "at most", fit: "whole" },
      { key: "points", heading: "points", fit: "whole" },
      { key: "writes", heading: "writes", fit: "whole" },
      { key: "kinds", heading: "of which", fit: "wrap" },
    ],
    all.map((one) => ({
      scenario: one.scenario,
      requests: String(one.requests),
      most: one.requestsMax === null ? "-" : String(one.requestsMax),
      points: String(one.points),
      writes: String(one.writes),
      kinds: Object.entries(one.kinds)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(", "),
    })),
  );
}
