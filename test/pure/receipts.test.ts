import { describe, expect, it } from "vitest";
import { noteReceipt, receiptOf } from "../../src/pure/bells.ts";
import { beginRecord, ID_CHARACTERS_MAX, type RunRecord } from "../../src/pure/run-record.ts";
import { decodeComment, encodeRecord, runMarker } from "../../src/pure/run-record-codec.ts";

const RUN_ID = "0123456789ab";
const ISSUE = "github:o/r#7";

const begun: RunRecord = beginRecord({
  issue: ISSUE,
  runId: RUN_ID,
  issueNumber: 7,
  approval: {
    eventId: "1",
    actor: { id: "1", login: "maria" },
    at: "2026-01-01T00:00:00Z",
    textHash: "0",
  },
  baseSha: null,
  environmentId: "env",
  now: 1,
});

function readBack(record: RunRecord): unknown {
  const body = `${runMarker(RUN_ID)}\n${encodeRecord(record)}`;
  return decodeComment({ id: "1", body }, ISSUE);
}

describe("a receipt", () => {
  it("is absent until a doorbell answered one, and so is its field in the record", () => {
    expect(receiptOf(begun, "slack")).toBe(null);
    expect(encodeRecord(begun)).not.toContain("receipts");
    expect(noteReceipt(begun, "ntfy", null)).toBe(begun);
  });

  it("is kept per doorbell, the newest one", () => {
    const first = noteReceipt(noteReceipt(begun, "slack", "C1/1.1"), "other", "x");
    const second = noteReceipt(first, "slack", "C1/2.2");
    expect([receiptOf(second, "slack"), receiptOf(second, "other")]).toEqual(["C1/2.2", "x"]);
  });

  it("stays when a later ring is answered with none", () => {
    const noted = noteReceipt(begun, "slack", "C1/1.1");
    expect(noteReceipt(noted, "slack", null)).toBe(noted);
    expect(noteReceipt(noted, "slack", "")).toBe(noted);
  });

  it("of 200 characters is read back, of one more is not kept: nobody could read the record", () => {
    const longest = noteReceipt(begun, "slack", "x".repeat(ID_CHARACTERS_MAX));
    expect(receiptOf(longest, "slack")).toHaveLength(200);
    expect(readBack(longest)).toMatchObject({ kind: "record", record: longest });
    expect(noteReceipt(begun, "slack", "x".repeat(ID_CHARACTERS_MAX + 1))).toBe(begun);
  });

  it("may be missing in a record: those written before have none", () => {
    expect(readBack(begun)).toMatchObject({ kind: "record", record: begun });
  });
});
