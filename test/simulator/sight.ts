import { type IssueRef, issueKey, type IssueSeen } from "../../src/pure/issue.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { recordCommentsOf } from "../../src/pure/run-record-codec.ts";
import type { World } from "../loops/world.ts";

/** One issue as it stands at a moment. To look costs more than to judge: every judge gets the same look. */
export type Sight = {
  readonly ref: IssueRef;
  readonly key: string;
  readonly seen: IssueSeen;
  /** Oldest first. */
  readonly records: readonly RunRecord[];
};

export function lookAround({ issues, tracker }: World): readonly Sight[] {
  return issues.map((ref) => {
    const seen = tracker.see(ref);
    const records = recordCommentsOf(seen).flatMap((each) =>
      each.kind === "record" ? [each.record] : [],
    );
    return { ref, key: issueKey(ref), seen, records };
  });
}
