/** Markup that may be sent as it is: only `html` and `trustedHtml` make it. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may stand in a template. Null shows as nothing. */
export type HtmlValue = string | number | null | Html | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Markup from a template. Every value but markup is escaped, for element contents and quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = parts[0] ?? "";
  for (const [at, value] of values.entries()) markup += markupOf(value) + (parts[at + 1] ?? "");
  return new Html(markup);
}

/** Text of this folder's own files, or that a renderer here has escaped already, as markup. */
export function trustedHtml(text: string): Html {
  return new Html(text);
}

/** Text made safe for element contents and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** The address when it is an absolute http or https one; null otherwise, so that no link can run a script. */
export function webLink(address: string): string | null {
  const url = URL.parse(address);
  return url?.protocol === "http:" || url?.protocol === "https:" ? url.href : null;
}

function markupOf(value: HtmlValue): string {
  if (value === null) return "";
  if (value instanceof Html) return value.markup;
  if (typeof value === "object") return value.map(markupOf).join("");
  return escapeHtml(String(value));
}
