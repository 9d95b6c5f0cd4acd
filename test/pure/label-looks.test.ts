import { describe, expect, it } from "vitest";

import { LABEL_DESCRIPTION_CHARACTERS_MAX, labelLook } from "../../src/pure/label-looks.ts";
import { labels } from "./builders.ts";

describe("the look of a label that is created on first use", () => {
  it.each([labels.inProgress, labels.human])(
    "of %s is a color and plain words that fit",
    (name) => {
      const look = labelLook(name, labels);
      expect(look?.name).toBe(name);
      expect(look?.color).toMatch(/^[0-9a-f]{6}$/);
      const description = look?.description ?? "";
      expect(description).toMatch(/^[A-Z][A-Za-z ,.]+\.$/);
      expect(description.length).toBeLessThanOrEqual(LABEL_DESCRIPTION_CHARACTERS_MAX);
    },
  );

  it("tells the two apart by words and color", () => {
    const [progress, human] = [
      labelLook(labels.inProgress, labels),
      labelLook(labels.human, labels),
    ];
    expect(progress?.description).toContain("agent works");
    expect(human?.description).toContain("person goes on");
    expect(progress?.color).not.toBe(human?.color);
  });

  it("keeps the spelling asked for, whatever the case", () => {
    expect(labelLook("Agent-In-Progress", labels)?.name).toBe("Agent-In-Progress");
  });

  it("is none for a label that afk never puts on", () => {
    for (const name of [labels.ready, labels.paused, "bug"]) {
      expect(labelLook(name, labels)).toBeNull();
    }
  });
});
