import { readFileSync } from "node:fs";
import { type Html, html, trustedHtml } from "./html.ts";
import { iconSheet } from "./icons.ts";

/** A part of the page that is replaced as a whole when anything in it changes. */
export type Region = { readonly id: string; readonly content: Html };

/** The regions of the page by where they stand. Their ids stay the same while the page is up. */
export type PageParts = {
  readonly title: string;
  readonly version: number;
  readonly summary: Region;
  readonly tiles: Region;
  readonly decisions: Region;
  readonly bells: Region;
  readonly details: readonly Region[];
};

const STYLE = trustedHtml(readFileSync(new URL("page.css", import.meta.url), "utf8"));
const SCRIPT = trustedHtml(readFileSync(new URL("page.js", import.meta.url), "utf8"));

/** The whole page as it stands, readable without its script; `nonce` is the one its policy names. */
export function renderDocument(parts: PageParts, nonce: string): Html {
  const { title, version, summary, tiles, decisions, bells, details } = parts;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
</head>
<body data-version="${version}">
${iconSheet()}
<header>
<h1>afk demo</h1>
<div id="${summary.id}" class="summary">${summary.content}</div>
<p id="connection" class="connection" role="status">live</p>
</header>
<main>
<section aria-labelledby="stories-title">
<h2 id="stories-title">Stories</h2>
<ul id="${tiles.id}" class="tiles">${tiles.content}</ul>
</section>
<div class="feeds">
<section class="panel" aria-labelledby="decisions-title">
<div class="bar"><h2 id="decisions-title">Decisions of the ticks</h2>
<label class="filter"><input type="checkbox" id="show-rest" checked> waits and holds too</label></div>
<ol id="${decisions.id}" class="feed" tabindex="0" aria-labelledby="decisions-title">${decisions.content}</ol>
</section>
<section class="panel" aria-labelledby="bells-title">
<div class="bar"><h2 id="bells-title">Doorbells</h2></div>
<ol id="${bells.id}" class="feed" tabindex="0" aria-labelledby="bells-title">${bells.content}</ol>
</section>
</div>
<section aria-labelledby="details-title">
<h2 id="details-title">Issues and threads</h2>
${details.map(({ id, content }) => html`<section id="${id}" class="story">${content}</section>`)}
</section>
</main>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
}
