import { describe, expect, it } from "vitest";

import {
  BELL_BODY_CHARACTERS_MAX,
  BELL_KEY_CHARACTERS_MAX,
  BELL_TITLE_CHARACTERS_MAX,
  renderQuestionBell,
  renderSilenceBell,
  renderVerdictBell,
} from "../../src/pure/doorbells.ts";
import type { Verdict } from "../../src/pure/verdict.ts";

const run = {
  runId: "0123456789ab",
  issueKey: "octo/demo#7",
  title: "Add a greeting",
  link: "https://t3.example/env/afk-1",
};

function verdictBell(verdict: Verdict, more: Partial<typeof run> = {}) {
  return renderVerdictBell({ ...run, ...more, verdict });
}

const blocked: Verdict = { kind: "needs-human", because: "blocked", detail: "The key is missing." };

describe("the bell of a verdict", () => {
  it.each([
    ["done is quiet", { kind: "done", because: "green", detail: "" }, "quiet", "Done: octo/demo#7"],
    ["needs-human is loud", blocked, "loud", "Needs you: octo/demo#7"],
    [
      "frozen is loud",
      { kind: "frozen", because: "no-new-commit", detail: "" },
      "loud",
      "Frozen: octo/demo#7",
    ],
    [
      "cancelled is quiet",
      { kind: "cancelled", because: "cancelled-by-person", detail: "" },
      "quiet",
      "Cancelled: octo/demo#7",
    ],
  ] as const)("%s", (_name, verdict, urgency, title) => {
    const bell = verdictBell(verdict);
    expect(bell).toMatchObject({ urgency, title, key: "0123456789ab-verdict", link: run.link });
    expect(bell.tags).toHaveLength(1);
  });

  it("says which issue, what happened, and the agent's words", () => {
    expect(verdictBell(blocked).body).toBe(
      "Add a greeting\nThe agent says that it cannot go on without you.\nThe key is missing.",
    );
  });

  it("leaves out empty lines, and the link where there is none", () => {
    const bell = renderVerdictBell({
      ...run,
      title: " ",
      link: null,
      verdict: { ...blocked, detail: "" },
    });
    expect(bell.body).toBe("The agent says that it cannot go on without you.");
    expect(bell.link).toBeNull();
  });

  it("the same verdict gives the same bell", () => {
    expect(verdictBell(blocked)).toEqual(verdictBell(blocked));
  });

  it("shows nothing that nobody sees", () => {
    const bell = verdictBell(
      { ...blocked, detail: "a<!-- x -->\u202eb\u0007" },
      { title: "T\u200b\nU" },
    );
    expect(bell.body).toMatch(/^T U\n.*\na b$/);
  });

  it("fits a telephone and a doorbell service with the longest of everything", () => {
    const long = "漢字".repeat(5000);
    const bell = verdictBell({ ...blocked, detail: long }, { title: long, issueKey: long });
    expect(bell.title).toHaveLength(BELL_TITLE_CHARACTERS_MAX);
    expect(bell.body.length).toBeLessThanOrEqual(BELL_BODY_CHARACTERS_MAX);
    expect(new TextEncoder().encode(bell.body).length).toBeLessThanOrEqual(4096);
  });

  it.each([
    [120 - "Done: ".length, 120, false],
    [121 - "Done: ".length, 120, true],
  ])("a title of a key of %i characters has %i", (length, want, isCut) => {
    const issueKey = "k".repeat(length);
    const { title } = verdictBell({ kind: "done", because: "green", detail: "" }, { issueKey });
    expect(title).toHaveLength(want);
    expect(title.endsWith("…")).toBe(isCut);
  });

  it.each([
    [500, false],
    [501, true],
  ])("words of %i characters are cut: %s", (length, isCut) => {
    const { body } = verdictBell({ ...blocked, detail: "w".repeat(length) });
    expect(body.endsWith("…")).toBe(isCut);
    expect(/w+…?$/.exec(body)?.[0]).toHaveLength(500);
  });

  it.each([
    [200, false],
    [201, true],
  ])("an issue's title of %i characters is cut: %s", (length, isCut) => {
    const [first = ""] = verdictBell(blocked, { title: "t".repeat(length) }).body.split("\n");
    expect(first).toHaveLength(200);
    expect(first.endsWith("…")).toBe(isCut);
  });
});

describe("the bell of a question", () => {
  const ask = (requestId: string) =>
    renderQuestionBell({ ...run, requestId, text: "Postgres or SQLite?" });

  it("is loud, carries the question, and opens the thread", () => {
    expect(ask("r1")).toEqual({
      key: "0123456789ab-question-r1",
      title: "Question: octo/demo#7",
      body: "Add a greeting\nThe agent waits for your answer. Open its thread to give it.\nPostgres or SQLite?",
      urgency: "loud",
      tags: ["question"],
      link: run.link,
    });
  });

  it("has a key of its own per request", () => {
    const ids = ["26a08faa-0000-4000-8000-000000000001", "26a08faa-0000-4000-8000-000000000002"];
    const keys = ids.map((id) => ask(id).key);
    expect(new Set(keys).size).toBe(2);
    expect(keys[0]).toBe(`0123456789ab-question-${ids[0]}`);
  });

  it("has a key that every service takes, and keeps the end of a long id", () => {
    const room = BELL_KEY_CHARACTERS_MAX - "0123456789ab-question-".length;
    expect(ask("r".repeat(room)).key).toBe(`0123456789ab-question-${"r".repeat(room)}`);
    const long = ["1", "2"].map((end) => ask(`${"r".repeat(room)}${end}`).key);
    expect(long[0]).not.toBe(long[1]);
    for (const key of [...long, ask("a/b c:ü").key]) expect(key).toMatch(/^[-_A-Za-z0-9]{1,64}$/);
    expect(long[0]?.startsWith("0123456789ab-question-")).toBe(true);
  });
});

it("the bell of a silent agent server is loud and says that the run is kept", () => {
  const bell = renderSilenceBell({ ...run, why: "timed out" });
  expect(bell).toMatchObject({ key: "0123456789ab-silence", urgency: "loud" });
  expect(bell.title).toBe("Agent server silent: octo/demo#7");
  expect(bell.body).toMatch(/The run is kept.*\ntimed out$/);
});
