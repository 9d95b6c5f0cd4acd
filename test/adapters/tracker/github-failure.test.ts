import { expect, it } from "vitest";
import { describeFailure } from "../../../src/adapters/tracker/github-failure.ts";

function failureOf(status: number, message: string, isAnswered: boolean): Error {
  const response = isAnswered ? { response: { headers: {} } } : {};
  return Object.assign(new Error(message), { status, ...response });
}

it.each([
  [
    "a refused token, with the mend",
    failureOf(401, "Bad credentials", true),
    "GitHub refuses the token, it is wrong or has expired: make a new one; HTTP 401: Bad credentials",
  ],
  ["another refusal as it is", failureOf(403, "Forbidden", true), "HTTP 403: Forbidden"],
  [
    "a server nobody answers at, by the key of its address",
    failureOf(500, "GET h/user: ECONNREFUSED", false),
    "GitHub cannot be reached at GITHUB_API_URL: GET h/user: ECONNREFUSED",
  ],
  [
    "a connection that was lost, by the key of its address",
    failureOf(500, "GET h/user: ECONNRESET", false),
    "GitHub cannot be reached at GITHUB_API_URL: GET h/user: ECONNRESET",
  ],
  [
    "an answer that did not come in time as it is",
    failureOf(500, "GET h/user: no full answer within 15 ms", false),
    "GET h/user: no full answer within 15 ms",
  ],
])("tells %s", (_name, error, told) => {
  expect(describeFailure(error)).toBe(told);
});
