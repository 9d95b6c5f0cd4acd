import * as z from "zod";

/** Ids and titles are trimmed and must not be empty after it. */
const Word = z.string().trim().min(1);
const RuntimeMode = z.enum(["approval-required", "auto-accept-edits", "full-access", "auto"]);
const InteractionMode = z.enum(["default", "plan"]);
const Selection = z.preprocess(
  modernSelection,
  z.object({
    instanceId: z.string().regex(/^[a-zA-Z][\w-]{0,63}$/),
    model: Word,
    options: z
      .array(z.object({ id: Word, value: z.union([z.string(), z.boolean()]) }))
      .readonly()
      .exactOptional(),
  }),
);

/** The older words for the same choice: `provider`, and the options as one object. */
function modernSelection(wire: unknown): unknown {
  if (typeof wire !== "object" || wire === null) return wire;
  const { provider, options, ...rest } = wire as Readonly<Record<string, unknown>>;
  const isOldOptions = typeof options === "object" && options !== null && !Array.isArray(options);
  return {
    ...(provider === undefined ? {} : { instanceId: provider }),
    ...(options === undefined
      ? {}
      : {
          options: isOldOptions
            ? Object.entries(options).map(([id, value]) => ({ id, value }))
            : options,
        }),
    ...rest,
  };
}

/** `createdAt` must be there; from 0.0.29 on it is then ignored: the server stamps its own time. */
const created = { commandId: Word, createdAt: z.string() };
const ofThread = { commandId: Word, threadId: Word };

/** Every command a client may send, as far as the sandbox performs it. Unknown fields are ignored. */
export const Command = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("project.create"),
    ...created,
    projectId: Word,
    title: Word,
    workspaceRoot: Word,
    createWorkspaceRootIfMissing: z.boolean().optional(),
    defaultModelSelection: Selection.nullish(),
  }),
  z.object({
    type: z.literal("project.delete"),
    commandId: Word,
    projectId: Word,
    force: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("thread.create"),
    ...created,
    threadId: Word,
    projectId: Word,
    title: Word,
    modelSelection: Selection,
    runtimeMode: RuntimeMode,
    interactionMode: InteractionMode.default("default"),
    branch: Word.nullable(),
    worktreePath: Word.nullable(),
  }),
  z.object({
    type: z.literal("thread.turn.start"),
    ...created,
    threadId: Word,
    message: z.object({
      messageId: Word,
      role: z.literal("user"),
      text: z.string(),
      attachments: z.array(z.unknown()),
    }),
    // Required on the wire and then ignored: a turn runs in its thread's own modes.
    runtimeMode: RuntimeMode,
    interactionMode: InteractionMode,
  }),
  z.object({
    type: z.literal("thread.turn.interrupt"),
    ...created,
    threadId: Word,
    turnId: Word.optional(),
  }),
  z.object({ type: z.literal("thread.session.stop"), ...created, threadId: Word }),
  z.object({
    type: z.literal("thread.approval.respond"),
    ...created,
    threadId: Word,
    requestId: Word,
    decision: z.enum(["accept", "acceptForSession", "decline", "cancel"]),
  }),
  z.object({
    type: z.literal("thread.user-input.respond"),
    ...created,
    threadId: Word,
    requestId: Word,
    answers: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal("thread.archive"), ...ofThread }),
  z.object({ type: z.literal("thread.unarchive"), ...ofThread }),
  z.object({ type: z.literal("thread.delete"), ...ofThread }),
  z.object({ type: z.literal("thread.settle"), ...ofThread }),
  z.object({ type: z.literal("thread.unsettle"), ...ofThread, reason: z.literal("user") }),
  z.object({
    type: z.literal("thread.meta.update"),
    ...ofThread,
    title: Word.optional(),
    branch: Word.nullish(),
    worktreePath: Word.nullish(),
  }),
]);

export type Command = z.infer<typeof Command>;
export type CommandOf<Type extends Command["type"]> = Extract<Command, { readonly type: Type }>;
