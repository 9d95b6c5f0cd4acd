import { type Html, html, trustedHtml } from "./html.ts";

/** Drawn rather than typed: which of the pictures in a font there are differs from machine to machine. */
const SHAPES = {
  check: '<path d="M3 8.5 6.5 12 13 4.5"/>',
  cross: '<path d="m4 4 8 8m0-8-8 8"/>',
  clock: '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>',
  circle: '<circle cx="8" cy="8" r="5.5" stroke-dasharray="2.5 2.5"/>',
  question:
    '<circle cx="8" cy="8" r="6.5"/><path d="M6 6.4A2 2 0 0 1 8 4.7c1.2 0 2.1.8 2.1 1.8C10.1 8 8 8 8 9.5M8 11.5v.1"/>',
  hand: '<path d="M4.5 9V4.5m2.3 3V2.8m2.4 4.7V2.8m2.3 5.2V4.6m0 4.2v1c0 2.5-1.5 4-3.6 4-1.9 0-2.7-.8-3.6-2.3L2.7 8.9"/>',
  snow: '<path d="M8 2v12M2.8 5l10.4 6M13.2 5 2.8 11M6.5 2.8 8 4.2l1.5-1.4M6.5 13.2 8 11.8l1.5 1.4"/>',
  stop: '<rect x="3.5" y="3.5" width="9" height="9" rx="1.5"/>',
  pause: '<path d="M5.5 3.5v9m5-9v9"/>',
  bell: '<path d="M4 11V7.5a4 4 0 0 1 8 0V11l1 1.3H3L4 11Zm2.8 2.7h2.4"/>',
  plug: '<path d="M6 2v3.5m4-3.5v3.5M4 5.5h8v2a4 4 0 0 1-8 0v-2Zm4 6V14"/>',
  warn: '<path d="M8 2.5 14 13H2L8 2.5Zm0 4v3.2m0 1.7v.1"/>',
} as const;

export type IconName = keyof typeof SHAPES;

/** The picture of a name. It says nothing to a screen reader: a word stands beside it. */
export function icon(name: IconName): Html {
  return html`<svg class="icon" aria-hidden="true"><use href="#icon-${name}"/></svg>`;
}

/** All pictures, once in the page. */
export function iconSheet(): Html {
  const symbols = Object.entries(SHAPES).map(
    ([name, shape]) => `<symbol id="icon-${name}" viewBox="0 0 16 16">${shape}</symbol>`,
  );
  return trustedHtml(`<svg class="sheet" aria-hidden="true">${symbols.join("")}</svg>`);
}

const VERDICT_ICONS: Readonly<Record<string, IconName>> = {
  done: "check",
  "needs-human": "hand",
  frozen: "snow",
  cancelled: "stop",
  held: "pause",
};

/** The picture of an end's first word: a verdict, or a hold. */
export function endIcon(end: string): Html {
  return icon(VERDICT_ICONS[end.split(" ", 1)[0] ?? ""] ?? "clock");
}
