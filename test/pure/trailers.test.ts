import { describe, expect, it } from "vitest";

import { readTrailers } from "../../src/pure/trailers.ts";

const RUN = "0123456789ab";

type Row = readonly [
  name: string,
  message: string,
  runId: string | null,
  phases: readonly string[],
];

const rows: readonly Row[] = [
  ["no message", "", null, []],
  ["a subject alone", "Mend it", null, []],
  ["a run in the last paragraph", `Mend it\n\nAFK-Run: ${RUN}`, RUN, []],
  ["line ends at the end say nothing", `Mend it\n\nAFK-Run: ${RUN}\n\n\n`, RUN, []],
  [
    "line ends of Windows",
    `Mend it\r\n\r\nAFK-Run: ${RUN}\r\nAFK-Phase: green\r\n`,
    RUN,
    ["green"],
  ],
  ["several empty lines before it", `Mend it\n\n\n \nAFK-Run: ${RUN}`, RUN, []],
  [
    "a run and a phase",
    `Mend it\n\nWhy.\n\nAFK-Run: ${RUN}\nAFK-Phase: tests-red`,
    RUN,
    ["tests-red"],
  ],
  [
    "both phases in their order",
    `x\n\nAFK-Phase: green\nAFK-Phase: tests-red\nAFK-Phase: green`,
    null,
    ["green", "tests-red"],
  ],
  ["a phase nobody knows", `x\n\nAFK-Run: ${RUN}\nAFK-Phase: blue`, RUN, []],
  ["keys in any case", `x\n\nafk-run: ${RUN}\nAFK-PHASE: green`, RUN, ["green"]],
  ["no blank after the colon", `x\n\nAFK-Run:${RUN}`, RUN, []],
  ["a blank before the colon", `x\n\nAFK-Run : ${RUN}`, RUN, []],
  [
    "other trailers beside it",
    `x\n\nRefs: a/b#1\nAFK-Run: ${RUN}\nCo-authored-by: A <a@b>`,
    RUN,
    [],
  ],
  ["not in the subject", `AFK-Run: ${RUN}`, null, []],
  ["not in the subject's paragraph", `Mend it\nAFK-Run: ${RUN}`, null, []],
  ["not in an earlier paragraph", `x\n\nAFK-Run: ${RUN}\n\nAnd a last word.`, null, []],
  [
    "not in an earlier block of trailers",
    `x\n\nAFK-Run: ${RUN}\n\nCo-authored-by: A <a@b>`,
    null,
    [],
  ],
  ["not in a paragraph of prose", `x\n\nAs agreed,\nAFK-Run: ${RUN}`, null, []],
  ["not beside a reference that is no trailer", `x\n\nRefs a/b#1\nAFK-Run: ${RUN}`, null, []],
  ["not quoted", `x\n\n> AFK-Run: ${RUN}`, null, []],
  ["not indented", `x\n\n AFK-Run: ${RUN}`, null, []],
  [
    "beside a sign-off git allows a few other lines",
    `x\n\nRefs a/b#1\nAFK-Run: ${RUN}\nSigned-off-by: A <a@b>`,
    RUN,
    [],
  ],
  [
    "beside a cherry-pick too",
    `x\n\nAFK-Run: ${RUN}\n(cherry picked from commit 0123456)`,
    RUN,
    [],
  ],
  [
    "six other lines to two trailers are allowed",
    `x\n\na\nb\nc\nd\ne\nf\nAFK-Run: ${RUN}\nSigned-off-by: A <a@b>`,
    RUN,
    [],
  ],
  [
    "seven other lines to two trailers are prose",
    `x\n\na\nb\nc\nd\ne\nf\ng\nAFK-Run: ${RUN}\nSigned-off-by: A <a@b>`,
    null,
    [],
  ],
  [
    "a folded value goes on with its trailer",
    `x\n\nNote: long\n and longer\nAFK-Run: ${RUN}`,
    RUN,
    [],
  ],
  [
    "a folded line after a cherry-pick is its own",
    `x\n\n(cherry picked from commit 0)\n  x\nAFK-Run: ${RUN}`,
    RUN,
    [],
  ],
  ["a folded run is another run", `x\n\nAFK-Run: ${RUN}\n  and more`, null, []],
  ["a comment is read over", `x\n\nAFK-Run: ${RUN}\n# AFK-Run: ffffffffffff`, RUN, []],
  ["a line folded onto a comment is prose", `x\n\nAFK-Run: ${RUN}\n# x\n  y`, null, []],
  ["the same run twice is one", `x\n\nAFK-Run: ${RUN}\nAFK-Run: ${RUN}`, RUN, []],
  [
    "two runs are none",
    `x\n\nAFK-Run: ${RUN}\nAFK-Run: ffffffffffff\nAFK-Phase: green`,
    null,
    ["green"],
  ],
  ["a run and an empty one are none", `x\n\nAFK-Run: ${RUN}\nAFK-Run:`, null, []],
  ["11 digits are no run", `x\n\nAFK-Run: 0123456789a`, null, []],
  ["13 digits are no run", `x\n\nAFK-Run: 0123456789abc`, null, []],
  ["capital digits are no run", `x\n\nAFK-Run: 0123456789AB`, null, []],
  ["words beside the run are no run", `x\n\nAFK-Run: ${RUN} (mine)`, null, []],
  ["a key that only begins so is another", `x\n\nAFK-Runner: ${RUN}\nAFK-Run-Id: ${RUN}`, null, []],
  ["a key with other letters is no trailer", `x\n\nAFK_Run: ${RUN}`, null, []],
];

describe("trailers of a commit message", () => {
  it.each(rows)("%s", (_name, message, runId, phases) => {
    expect(readTrailers(message)).toEqual({ runId, phases });
  });
});
