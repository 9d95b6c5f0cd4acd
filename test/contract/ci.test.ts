import { afterAll, beforeAll } from "vitest";
import { describeCi } from "./ci-contract.ts";
import { describeDelivery } from "./ci-delivery.ts";
import { openFakeCi, openForgeCi } from "./ci-worlds.ts";
import { type ForgeHouse, startForgeHouse } from "./forge-tracker-world.ts";
import { guardWire } from "../wire/wire-watch.ts";

let house: ForgeHouse;
beforeAll(async () => {
  house = await startForgeHouse();
});
afterAll(() => house.close());

describeCi("the fake CI", openFakeCi);
describeCi("GitHub", () => openForgeCi(house));
describeDelivery("the fake CI", openFakeCi);
describeDelivery("GitHub", () => openForgeCi(house));

guardWire(() => house.wire);
