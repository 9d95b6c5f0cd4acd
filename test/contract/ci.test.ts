import { afterAll, beforeAll } from "vitest";
import { describeCi } from "./ci-contract.ts";
import { openFakeCi, openForgeCi } from "./ci-worlds.ts";
import { type ForgeHouse, startForgeHouse } from "./forge-tracker-world.ts";

let house: ForgeHouse;
beforeAll(async () => {
  house = await startForgeHouse();
});
afterAll(() => house.close());

describeCi("the fake CI", openFakeCi);
describeCi("GitHub", () => openForgeCi(house));
