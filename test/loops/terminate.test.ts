import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";

const TERMINATE = new URL("../../src/loops/terminate.main.ts", import.meta.url).href;
const GATE = new URL("../../src/loops/stop-gate.ts", import.meta.url).href;

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Runs the lines in a process of their own, and tells it to end once they said `ready`. */
async function toldToEnd(lines: string) {
  const script = `
    const { endOnSigterm } = await import(${JSON.stringify(TERMINATE)});
    const { createStopGate } = await import(${JSON.stringify(GATE)});
    const gate = createStopGate();
    const lease = { release: async () => console.log("released") };
    const atOnce = () => process.once("SIGTERM", () => process.exit(143));
    const log = { warn() {}, error() {} };
    ${lines}
    setTimeout(() => process.exit(7), 10_000);
    console.log("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
  children.push(child);
  let [said, told] = ["", false];
  child.stdout.on("data", (chunk) => {
    said += String(chunk);
    if (told || !said.includes("ready\n")) return;
    told = child.kill("SIGTERM");
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, released: said.includes("released") };
}

// An exit code, not the signal's own effect: process 1 of a pod has none.
describe("a tick told to end", () => {
  it("at work gives the lease back first", async () => {
    const ended = await toldToEnd("atOnce(); endOnSigterm(gate, { lease, log });");
    expect(ended).toEqual({ code: 143, signal: null, released: true });
  });

  it("after its work exits at once again", async () => {
    const ended = await toldToEnd("atOnce(); endOnSigterm(gate, { lease, log })();");
    expect(ended).toEqual({ code: 143, signal: null, released: false });
  });

  it("that never listened before ends as any process does once it listens no more", async () => {
    const ended = await toldToEnd("endOnSigterm(gate, { lease, log })();");
    expect(ended).toEqual({ code: null, signal: "SIGTERM", released: false });
  });
});
