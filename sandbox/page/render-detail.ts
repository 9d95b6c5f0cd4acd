import { type Html, html } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";
import {
  type AskState,
  answerBoxId,
  type CommentState,
  type IssueState,
  type StoryState,
  type ThreadState,
} from "./page-state.ts";
import { renderTime } from "./render-feeds.ts";
import { renderStanding } from "./render-stories.ts";

/** A prompt is long and the same for every run; the first line tells which it is. */
const PROMPT_LINE_CHARACTERS_MAX = 90;
/** What an agent says in one message; the thread's own page has all of it. */
const WORDS_CHARACTERS_MAX = 20_000;
/** A run asks for a handful of turns; the thread's own page has the older messages. */
const MESSAGES_MAX = 60;

/** Everything of one story: its issue with the comments, and its threads. */
export function renderDetail(story: StoryState): Html {
  const { view, issue, threads } = story;
  const { name, tells } = view;
  return html`<h3 id="story-${name}" tabindex="-1">${name}${renderStanding(story)}</h3>
<p class="tells">${tells}</p>
<div class="columns">
${issue === null ? html`<p class="none">Its issue is not open yet.</p>` : renderIssue(issue)}
<div class="threads" data-key="threads">${
    threads.length === 0 ? html`<p class="none">No thread.</p>` : threads.map(renderThread)
  }</div>
</div>`;
}

function renderIssue(issue: IssueState): Html {
  const { key, title, state, stateReason, labels, body, comments } = issue;
  const reason = state === "closed" && stateReason !== null ? ` (${stateReason})` : "";
  const chips = labels.map((label) => html`<li class="label">${label}</li>`);
  return html`<article class="issue" data-key="issue">
<h4><span class="key">${key}</span> ${title}</h4>
<ul class="chips" aria-label="state and labels"><li class="state ${state}">${state}${reason.replace("_", " ")}</li>${chips}</ul>
<details class="text" data-key="text"><summary>Issue text</summary><div class="md">${renderMarkdown(body)}</div></details>
${comments.map(renderComment)}
</article>`;
}

function renderComment(comment: CommentState): Html {
  const { id, author, kind, body, at, isEdited } = comment;
  const what = kind === "comment" ? "" : ` · ${kind}`;
  return html`<section class="comment ${kind}" data-key="c${id}" aria-label="${kind} by ${author}">
<p class="by"><strong>${author}</strong>${what} · ${renderTime(at)}${isEdited ? " · edited" : ""}</p>
<div class="md">${renderMarkdown(body)}</div>
</section>`;
}

function renderThread(thread: ThreadState): Html {
  const { id, link, session, turn, gone, error, messages, asks } = thread;
  const hidden = messages.length - MESSAGES_MAX;
  const more =
    hidden > 0 ? html`<p class="none">${hidden} earlier messages on its page.</p>` : null;
  return html`<article class="thread" data-key="${id}">
<h4>Thread <a class="key" href="${link}" target="_blank" rel="noopener noreferrer">${id}</a></h4>
<ul class="chips" aria-label="state of the thread"><li>turn ${turn}</li><li>session ${session}</li>${
    gone === null ? null : html`<li>${gone}</li>`
  }</ul>
${error === null ? null : html`<p class="error">${error}</p>`}
<div class="transcript" data-stick="end" data-key="transcript" tabindex="0" role="region" aria-label="transcript of ${id}">${more}${messages
    .slice(-MESSAGES_MAX)
    .map(renderMessage)}</div>
${asks.map((ask) => renderAsk(thread, ask))}
</article>`;
}

type Message = ThreadState["messages"][number];

function renderMessage({ id, role, text, createdAt }: Message): Html {
  const by = html`<p class="by"><strong>${role === "user" ? "afk" : "agent"}</strong> · ${renderTime(createdAt)}</p>`;
  if (role === "assistant") {
    return html`<div class="said agent" data-key="m${id}">${by}<pre>${bounded(text)}</pre></div>`;
  }
  const first = text.split("\n", 1)[0]?.slice(0, PROMPT_LINE_CHARACTERS_MAX) ?? "";
  return html`<div class="said afk" data-key="m${id}">${by}<details><summary>${first}</summary><pre>${bounded(text)}</pre></details></div>`;
}

function bounded(text: string): string {
  return text.length <= WORDS_CHARACTERS_MAX ? text : `${text.slice(0, WORDS_CHARACTERS_MAX)}…`;
}

function renderAsk({ id }: ThreadState, ask: AskState): Html {
  const { requestId, kind } = ask;
  return html`<form class="ask" method="post" action="answer" data-key="${requestId}">
<input type="hidden" name="threadId" value="${id}"><input type="hidden" name="requestId" value="${requestId}">
${kind === "approval" ? renderPermission(ask) : renderQuestion(ask)}
<p class="note" role="status"></p>
</form>`;
}

function renderPermission({ text }: AskState): Html {
  return html`<p><span class="who">The agent asks for permission:</span> ${text}</p>
<div class="row"><button name="answer" value="accept">Accept</button><button name="answer" value="decline">Decline</button></div>`;
}

/** The answer comes before the suggestions, so that Enter in the box sends what was typed. */
function renderQuestion({ requestId, text, options }: AskState): Html {
  const box = answerBoxId(requestId);
  const choices = options.map(
    (choice) => html`<button class="choice" name="choice" value="${choice}">${choice}</button>`,
  );
  return html`<p><label for="${box}"><span class="who">The agent asks:</span> ${text}</label></p>
<div class="row"><input id="${box}" name="answer" autocomplete="off" maxlength="2000"><button>Answer</button></div>
${choices.length === 0 ? null : html`<div class="row choices"><span>or choose</span>${choices}</div>`}`;
}
