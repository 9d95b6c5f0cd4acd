import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { effectLinesOf, findSites } from "./effect-sites.ts";

/** Ways to ask for a write, each in a line or more of its own; all of them can be run. */
const FORMS: readonly (readonly [name: string, source: string])[] = [
  ["in one line", "writer.addLabel(1);"],
  ["broken before the dot", "writer\n  .addLabel(\n  1,\n);"],
  ["broken after the dot", "writer.\n  addLabel(1);"],
  ["with a comment between", "writer /* here */\n  . /* and here */ addLabel (1);"],
  ["only if it is there", "writer?.addLabel(1);"],
  ["in brackets", "(writer\n  .addLabel)(1);"],
  ["by its name in quotes", 'writer[\n  "addLabel"\n](1);'],
  ["by its name in backticks", "writer[`addLabel`](1);"],
  ["by a name from elsewhere", 'const verb = "addLabel";\nwriter[verb](1);'],
  ["by a name from elsewhere, broken", 'const verb = "addLabel";\nwriter\n  [\n  verb\n  ](1);'],
  ["of a writer called otherwise", "const w = writer;\n\nw.addLabel(1);"],
  ["of a writer passed on", "(port =>\n  port.addLabel(1))(writer);"],
  ["of one of several", 'for (const verb of ["addLabel"])\n  [writer][0][verb](1);'],
  ["as an alias", "const put = writer.addLabel;\n\nput(1);"],
  ["as an alias of a name from elsewhere", 'const put = writer["add" + "Label"];\n\nput(1);'],
  ["taken out of its writer", "const { addLabel } = writer;\n\naddLabel(1);"],
  ["taken out and called otherwise", "const { addLabel: put } = writer;\n\nput(1);"],
  ["taken out of an argument", "(({ addLabel }) =>\n  addLabel(1))(writer);"],
  ["as a callback", "[1]\n  .forEach(writer.addLabel);"],
  ["borrowed", "writer.addLabel.call(writer, 1);"],
];

/** Where the engine says that the write was asked for. */
function linesRun(source: string): readonly number[] {
  const lines: number[] = [];
  const addLabel = (): void => {
    const stack = new Error("here").stack ?? "";
    lines.push(Number(/form\.js:(\d+)/.exec(stack)?.[1]));
  };
  runInNewContext(source, { writer: { addLabel } }, { filename: "form.js" });
  return lines;
}

describe("an effect site is found where a stack names it, when a write is asked for", () => {
  it.each(FORMS)("%s", (_, source) => {
    expect(linesRun(source)).toHaveLength(1);
    expect(effectLinesOf(source)).toEqual(linesRun(source));
  });

  it("with types around it", () => {
    const source = "await (deps.writer as W)!\n  [verb]<number>(1);\n(writer.ring! as F)(1);";
    expect(effectLinesOf(source)).toEqual([2, 3]);
  });

  it("twice, and says so twice", () => {
    expect(effectLinesOf("writer.ring(1);\nwriter.ring(2); writer.ring(3);")).toEqual([1, 2, 2]);
  });
});

describe("no effect site is", () => {
  it.each([
    ["a read", "reader.readThread(1); reader[0].observe();"],
    ["an entry of a list", "const one = labels[at]; const two = plans.get(1)?.[at];"],
    ["a type of the same name", 'type A = W["addLabel"]; type B = { addLabel(): void };'],
    ["a method that is made", "const port = { addLabel: () => 1, ring() {} };"],
    ["a function of the same name", "function archiveThread() {}\narchiveThread();"],
    ["the name alone", 'const verbs = ["addLabel", "ring"];'],
  ])("%s", (_, source) => {
    expect(effectLinesOf(source)).toEqual([]);
  });
});

it("finds the sites of the loops, the one of a name known at run time among them", () => {
  const files = new Set(findSites().map((site) => site.split(":", 1).join()));
  expect([...files]).toEqual(
    expect.arrayContaining(["perform-run.ts", "ring-bells.ts", "stop.ts"]),
  );
});
