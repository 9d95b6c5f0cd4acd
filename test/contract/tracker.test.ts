import { afterAll, beforeAll } from "vitest";
import { openFakeTracker } from "./fake-tracker-world.ts";
import { type ForgeHouse, openForgeTracker, startForgeHouse } from "./forge-tracker-world.ts";
import { describeBranches } from "./tracker-branches.ts";
import {
  describeBlockers,
  describeHistory,
  describeLists,
  describePermissions,
  describeReading,
  type OpenTracker,
} from "./tracker-reads.ts";
import { describeWrites } from "./tracker-writes.ts";

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
  describeReading(name, openWorld);
  describeBranches(name, openWorld);
  describeWrites(name, openWorld);
}
