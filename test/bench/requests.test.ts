import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guardWire, publishedDescriptions, type WireWatch, watchWire } from "../wire/wire-watch.ts";
import {
  brokenPromise,
  type Measured,
  measureBusy,
  measureIdle,
  REPOS,
} from "./request-scenarios.ts";
import { type RequestWorld, startRequestWorld } from "./request-world.ts";

describe("a tick over a fleet of repos", () => {
  let world: RequestWorld;
  let wire: WireWatch;
  beforeAll(async () => {
    world = await startRequestWorld({
      repos: REPOS,
      around: (fetch, apiUrl) => {
        wire = watchWire(fetch, { apiUrl, published: publishedDescriptions() });
        return wire.fetch;
      },
    });
  });
  afterAll(() => world.close());

  it("asks little of an idle fleet, and not much more of a busy one", async () => {
    const measured = [await measureIdle(world, REPOS), ...(await measureBusy(world))];
    expect(measured.map(({ requestsMax }) => requestsMax)).toEqual([5, 12, 6]);
    expect(measured.map(brokenPromise)).toEqual([null, null, null]);
    // A tick that asked nothing at all would keep every promise.
    for (const { requests, points } of measured)
      expect(Math.min(requests, points)).toBeGreaterThan(1);
  });

  guardWire(() => wire);
});

describe("a promise about requests", () => {
  const kept: Measured = {
    scenario: "poll",
    requests: 5,
    requestsMax: 5,
    kinds: {},
    points: 1,
    writes: 0,
  };
  const rows: ReadonlyArray<readonly [name: string, measured: Measured, want: string | null]> = [
    ["is kept at its ceiling", kept, null],
    ["is broken past it", { ...kept, requests: 6 }, "poll: 6 requests, at most 5 are allowed"],
    ["does not bind where none was made", { ...kept, requests: 99, requestsMax: null }, null],
    [
      "is broken by a single write",
      { ...kept, writes: 1 },
      "poll: 1 writes, where nothing changed",
    ],
  ];
  it.each(rows)("%s", (_name, measured, want) => {
    expect(brokenPromise(measured)).toBe(want);
  });
});
