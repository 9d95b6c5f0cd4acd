import { afterAll, beforeAll } from "vitest";
import { openFakeTracker } from "./fake-tracker-world.ts";
import { type ForgeHouse, openForgeTracker, startForgeHouse } from "./forge-tracker-world.ts";
import { describeActingApps, describeBlockers } from "./tracker-blockers.ts";
import { describeBranches, describePushes } from "./tracker-branches.ts";
import {
  describeHistory,
  describeLists,
  describePermissions,
  describeReading,
  type OpenTracker,
} from "./tracker-reads.ts";
import { describeWrites } from "./tracker-writes.ts";
import { guardWire } from "../wire/wire-watch.ts";

let house: ForgeHouse;
beforeAll(async () => {
  house = await startForgeHouse();
});
afterAll(() => house.close());

const SUBJECTS: ReadonlyArray<readonly [name: string, openWorld: OpenTracker]> = [
  ["the fake tracker", openFakeTracker],
  ["GitHub", () => openForgeTracker(house)],
];

for (const [name, openWorld] of SUBJECTS) {
  describeLists(name, openWorld);
  describePermissions(name, openWorld);
  describeHistory(name, openWorld);
  describeBlockers(name, openWorld);
  describeActingApps(name, openWorld);
  describeReading(name, openWorld);
  describeBranches(name, openWorld);
  describePushes(name, openWorld);
  describeWrites(name, openWorld);
}

guardWire(() => house.wire);
