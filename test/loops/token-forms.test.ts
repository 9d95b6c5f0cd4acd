import { describe, expect, it } from "vitest";
import { createSecrets } from "../../src/loops/log.main.ts";

const secrets = createSecrets();
const body = "MIIEowIBAAKCAQEAx1b2c3d4e5f6g7h8+/9i0jklmnopqrstuvwx\n".repeat(3);
const pem = (kind: string) =>
  `-----BEGIN ${kind}PRIVATE KEY-----\n${body}Yz0=\n-----END ${kind}PRIVATE KEY-----`;
const JWT = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3NjcyMjU2MDB9.c2lnbmF0dXJl-_x";

describe("a token that nobody configured is taken out by its form", () => {
  const rows: ReadonlyArray<readonly [name: string, token: string]> = [
    ["a classic token", `ghp_${"aB3".repeat(12)}`],
    ["a token of OAuth", `gho_${"aB3".repeat(12)}`],
    ["a token of an App's user", `ghu_${"aB3".repeat(12)}`],
    ["a refresh token", `ghr_${"aB3".repeat(12)}`],
    ["a fine-grained token", `github_pat_11ABCDEFG0_${"aB3".repeat(20)}`],
    ["an installation's token in its old form", `ghs_${"aB3".repeat(12)}`],
    ["an installation's token in its new form", `ghs_123456_${JWT}`],
    ["a signed word", JWT],
    ["a key in PKCS#1", pem("RSA ")],
    ["a key in PKCS#8", pem("")],
    ["a key of an elliptic curve", pem("EC ")],
    ["a key whose end was cut off", pem("").slice(0, 120)],
    ["a Slack bot's token", "xoxb-123456789012-abcdefABCDEF"],
    ["a Slack app's token", "xapp-1-A0123456789-abcdef"],
    ["a Slack refresh token", "xoxe.xoxp-1-Mi0yLTEyMzQ1Njc4"],
    ["an ntfy token", `tk_${"a1b".repeat(9)}cd`],
  ];
  it.each(rows)("%s", (_name, token) => {
    const said = `It said: ${token}\nand stopped.`;
    const clean = secrets.redactTokens(said);
    expect(clean).toMatch(/^It said: \[redacted\]\n?and stopped\.$/);
    const line = JSON.stringify({ said, next: "stays" });
    expect(JSON.parse(secrets.redact(line))).toEqual({
      said: expect.stringMatching(/^It said: \[redacted\]\n?and stopped\.$/),
      next: "stays",
    });
  });
});

describe("what afk itself writes stays", () => {
  it.each([
    ["a run id", "0123456789ab"],
    ["a commit", "e83c5163316f89bfbde7d9ab23ca2e25604af290"],
    ["a thread", "afk-0123456789ab-42-0"],
    ["a command", "afk-0123456789ab-42-0-first-0-interrupt-0-0-0-0"],
    ["a hash", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ["a marker", "<!-- afk-run 0123456789ab -->"],
    ["base64 of a record", Buffer.from('{"version":1,"issue":"o/a#1"}').toString("base64url")],
    ["the name of a kind of key", "Set GITHUB_APP_PRIVATE_KEY, never a ghs_ or ghp_ token."],
    ["the node id of an event", "LE_lADOABCDEF5kY3J4zwAAAAJ0aG9y"],
    ["words about a key's header", "It begins with -----BEGIN RSA PRIVATE KEY-----"],
  ])("%s", (name, words) => {
    const clean = secrets.redact(`a ${words} b <!-- afk -->`);
    expect(clean).toBe(
      name === "words about a key's header"
        ? "a It begins with [redacted] b <!-- afk -->"
        : `a ${words} b <!-- afk -->`,
    );
  });
});

it("a text full of beginnings is looked through at once", () => {
  const text = "-----BEGIN PRIVATE KEY-----\nno key at all. ".repeat(2000);
  const before = performance.now();
  expect(secrets.redact(text)).not.toContain("BEGIN");
  expect(performance.now() - before).toBeLessThan(2000);
});
