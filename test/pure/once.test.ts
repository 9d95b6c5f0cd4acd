import { expect, it } from "vitest";
import { once } from "../../src/pure/once.ts";

it("makes a value when it is first asked for, and gives the same one from then on", () => {
  let times = 0;
  const value = once(() => {
    times += 1;
    return undefined;
  });
  expect(times).toBe(0);
  expect([value(), value()]).toEqual([undefined, undefined]);
  expect(times).toBe(1);
});
