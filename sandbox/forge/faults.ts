/**
 * What may go wrong with one request. `500-before`: refused before it had any effect; `502-after`:
 * it had its effect and its answer is lost; `502-late`: given up without effect when GitHub's clock
 * ran out; `hang`: no answer ever, and no effect; `301`: the repo has moved.
 */
export type Fault = "500-before" | "502-after" | "502-late" | "hang" | "301";

/** One request as it was seen: who asked for what, when (ISO 8601), and the answer's status. */
export type SeenRequest = {
  readonly method: string;
  /** With its query string. */
  readonly path: string;
  /** The name of the GraphQL operation; undefined for REST. */
  readonly operation: string | undefined;
  /** The login; null when the token was not known. */
  readonly account: string | null;
  readonly at: string;
  /** Whether it may change something: every REST request but a read. */
  readonly isWrite: boolean;
  /** What it took of the hourly GraphQL budget; 0 for REST, and until answered. */
  points: number;
  /** Null until answered. */
  status: number | null;
};

/** Which request a fault is for; what is left out matches anything, text any path that has it. */
export type FaultMatch = {
  readonly method?: string;
  readonly path?: string | RegExp;
  readonly operation?: string;
  readonly account?: string;
};

/** Faults waiting for their requests; each strikes once. */
export type Faults = {
  failNext(match: FaultMatch, fault: Fault): void;
  /** The fault that waits for this request, which is used up by it. */
  take(request: SeenRequest): Fault | null;
};

/** Makes an empty list of faults. */
export function createFaults(): Faults {
  const waiting: { readonly match: FaultMatch; readonly fault: Fault }[] = [];
  return {
    failNext(match, fault) {
      waiting.push({ match, fault });
    },
    take(request) {
      const index = waiting.findIndex(({ match }) => isMatch(match, request));
      return index === -1 ? null : (waiting.splice(index, 1)[0]?.fault ?? null);
    },
  };
}

function isMatch(match: FaultMatch, request: SeenRequest): boolean {
  if (match.method !== undefined && match.method !== request.method) return false;
  if (match.operation !== undefined && match.operation !== request.operation) return false;
  if (match.account !== undefined && match.account !== request.account) return false;
  if (match.path === undefined) return true;
  if (typeof match.path === "string") return request.path.includes(match.path);
  return match.path.test(request.path);
}
