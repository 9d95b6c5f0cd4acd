import { randomUUID } from "node:crypto";
import type { AgentQuestion } from "./agent/script.ts";
import type { ActivityRow } from "./model.ts";
import type { T3Event, ThreadScreen } from "./thread-screen.ts";

/** A human's answer to an open request. */
export type HumanResponse =
  | { readonly kind: "approval"; readonly requestId: string; readonly decision: string }
  | {
      readonly kind: "user-input";
      readonly requestId: string;
      /** By question; T3 uses the question's own text as its id. */
      readonly answers: Readonly<Record<string, unknown>>;
    };

/** The open requests of one live turn; they die with it. */
export class TurnRequests {
  readonly #open = new Map<string, OpenRequest>();
  readonly #screen: ThreadScreen;
  readonly #threadId: string;
  readonly #turnId: string;

  constructor(screen: ThreadScreen, threadId: string, turnId: string) {
    this.#screen = screen;
    this.#threadId = threadId;
    this.#turnId = turnId;
  }

  /** False when nothing of this turn waits for that answer. */
  respond(response: HumanResponse): boolean {
    const open = this.#open.get(response.requestId);
    if (open?.kind !== response.kind) return false;
    this.#open.delete(response.requestId);
    open.resolve(response);
    return true;
  }

  /** Closes what is still open when the turn ends, so that nobody is asked for an answer without a reader. */
  cancel(): void {
    for (const [requestId, { kind }] of this.#open) {
      const tone = kind === "approval" ? "approval" : "info";
      const payload = { requestId };
      this.#tell("answered", "", { tone, kind: `${kind}.resolved`, summary: "Cancelled", payload });
    }
    this.#open.clear();
  }

  async ask({ header, question, options }: AgentQuestion): Promise<string> {
    const requestId = randomUUID();
    const questions = [{ id: question, header, question, options, multiSelect: false }];
    const response = await this.#request("user-input", question, {
      tone: "info",
      kind: "user-input.requested",
      summary: "User input requested",
      payload: { requestId, questions },
    });
    const answers = response.kind === "user-input" ? response.answers : {};
    const given = answers[question] ?? Object.values(answers)[0] ?? "";
    const answer = typeof given === "string" ? given : JSON.stringify(given);
    this.#tell("answered", answer, {
      tone: "info",
      kind: "user-input.resolved",
      summary: "User input submitted",
      payload: { requestId, answers },
    });
    return answer;
  }

  async requestApproval(detail: string): Promise<boolean> {
    const requestId = randomUUID();
    const about = { requestId, requestKind: "command", requestType: "command_execution_approval" };
    const response = await this.#request("approval", detail, {
      tone: "approval",
      kind: "approval.requested",
      summary: "Command approval requested",
      payload: { ...about, detail },
    });
    const decision = response.kind === "approval" ? response.decision : "cancel";
    this.#tell("answered", decision, {
      tone: "approval",
      kind: "approval.resolved",
      summary: "Approval resolved",
      payload: { ...about, decision },
    });
    return decision === "accept" || decision === "acceptForSession";
  }

  #request(kind: HumanResponse["kind"], text: string, activity: Told): Promise<HumanResponse> {
    const requestId = String(activity.payload["requestId"]);
    const answered = new Promise<HumanResponse>((resolve) => {
      this.#open.set(requestId, { kind, resolve });
    });
    this.#tell("asked", text, activity);
    return answered;
  }

  #tell(kind: T3Event["kind"], text: string, activity: Told): void {
    const threadId = this.#threadId;
    this.#screen.acted(threadId, { ...activity, turnId: this.#turnId }, { kind, threadId, text });
  }
}

type OpenRequest = {
  readonly kind: HumanResponse["kind"];
  readonly resolve: (response: HumanResponse) => void;
};

type Told = Omit<ActivityRow, "id" | "createdAt" | "turnId">;
