import { type PendingRow, pendingOf, type ThreadRow } from "./model.ts";

/** The thread as a person reads it who followed a doorbell's link. All text of others is escaped. */
export function threadPage(thread: ThreadRow): string {
  const state = [
    `session ${thread.session?.status ?? "none"}`,
    `turn ${thread.latestTurn?.state ?? "none"}`,
    ...(thread.archivedAt === null ? [] : ["archived"]),
    ...(thread.session?.lastError ? [thread.session.lastError] : []),
  ].join(" · ");
  const messages = thread.messages.map(
    ({ role, createdAt, text }) =>
      `<article class="${role}"><h2>${role} <time>${escapeHtml(createdAt)}</time></h2>` +
      `<pre>${escapeHtml(text)}</pre></article>`,
  );
  const forms = pendingOf(thread).map((pending) => answerForm(thread.id, pending));
  return htmlPage(thread.title, [`<p>${escapeHtml(state)}</p>`, ...messages, ...forms].join("\n"));
}

/** The page that every unknown path gets, as a single-page application answers. */
export function indexPage(): string {
  return htmlPage("T3 Code (sandbox)", "<p>No such thread here.</p>");
}

/** Text made safe for element contents and quoted attributes. */
function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

function answerForm(threadId: string, { requestId, kind, text }: PendingRow): string {
  const field =
    kind === "question"
      ? '<input name="answer" required autofocus> <button>Answer</button>'
      : '<button name="answer" value="accept">Accept</button> ' +
        '<button name="answer" value="decline">Decline</button>';
  return [
    '<form method="post" action="/sandbox/answer">',
    `<p>${escapeHtml(text)}</p>`,
    `<input type="hidden" name="threadId" value="${escapeHtml(threadId)}">`,
    `<input type="hidden" name="requestId" value="${escapeHtml(requestId)}">`,
    field,
    "</form>",
  ].join("\n");
}

function htmlPage(title: string, body: string): string {
  const escaped = escapeHtml(title);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped}</title>
<style>body{font:16px sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap}</style>
</head>
<body>
<h1>${escaped}</h1>
${body}
</body>
</html>
`;
}
