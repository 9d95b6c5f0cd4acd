import { expect, it } from "vitest";

import { skipsCi } from "../../src/pure/skip-ci.ts";

const rows: ReadonlyArray<readonly [name: string, message: string, want: boolean]> = [
  ["an ordinary message asks for nothing", "Add a greeting\n\nRefs o/a#1", false],
  ["an empty message asks for nothing", "", false],
  ["[skip ci] in the subject skips", "Add a greeting [skip ci]", true],
  ["[ci skip] skips", "[ci skip] Add a greeting", true],
  ["[no ci] skips", "Add [no ci]", true],
  ["[skip actions] skips", "Add [skip actions]", true],
  ["[actions skip] skips", "Add [actions skip]", true],
  ["a marker in the body skips", "Add a greeting\n\nTo save time: [skip ci].\n\nRefs o/a#1", true],
  ["a marker in any case skips", "Add [Skip CI]", true],
  ["a marker with other words in it is none", "Add [skip the ci]", false],
  ["a marker without its brackets is none", "Make skip ci work", false],
  ["the trailer skips", "Add\n\nAFK-Run: 0123456789ab\nskip-checks: true", true],
  ["the trailer needs no blank", "Add\n\n\nskip-checks:true", true],
  ["the trailer counts in any case", "Add\n\nSkip-Checks: TRUE", true],
  ["the trailer counts with blanks behind it", "Add\n\nskip-checks: true \t", true],
  ["the trailer counts after Windows line ends", "Add\r\n\r\nskip-checks: true\r\n", true],
  ["a trailer that says false skips nothing", "Add\n\nskip-checks: false", false],
  ["a trailer in the middle is none", "Add\n\nskip-checks: true\n\nRefs o/a#1", false],
  [
    "a sentence about the trailer is none",
    "Add\n\nWe no longer write skip-checks: true here",
    false,
  ],
];

it.each(rows)("%s", (_name, message, want) => {
  expect(skipsCi(message)).toBe(want);
});
