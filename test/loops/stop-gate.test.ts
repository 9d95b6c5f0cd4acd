import { describe, expect, it } from "vitest";
import { createStopGate, TickStopped } from "../../src/loops/stop-gate.ts";

describe("a stop gate", () => {
  it("lets effects through until it is shut, and none after", async () => {
    const gate = createStopGate();
    let effects = 0;
    const effect = async () => {
      effects += 1;
      return "done";
    };
    expect(await gate.pass(effect)).toBe("done");
    gate.shut();
    expect(gate.isShut()).toBe(true);
    await expect(gate.pass(effect)).rejects.toBeInstanceOf(TickStopped);
    expect(effects).toBe(1);
  });

  it("is idle only once every effect under way has ended, well or badly", async () => {
    const gate = createStopGate();
    const [well, badly] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = gate.pass(() => well.promise);
    const second = gate.pass(() => badly.promise).catch(() => "failed");
    gate.shut();
    let isIdle = false;
    const idle = gate.idle().then(() => {
      isIdle = true;
    });
    well.resolve();
    await first;
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    badly.reject(new Error("lost"));
    expect(await second).toBe("failed");
    await idle;
    expect(isIdle).toBe(true);
  });
});
