// Keeps the page as the server sees it: asks what changed, and changes nothing else. What a person does
// with the page stays: where it is scrolled to, what is open, what is typed and where the focus is.
"use strict";

const EVERY_MS = 500;
// A page that nobody looks at asks less often, and a server that has ended is not pressed.
const HIDDEN_EVERY_MS = 5000;
const LOST_EVERY_MS = 2000;

let version = document.body.dataset.version;
let timer = 0;

async function look() {
  clearTimeout(timer);
  let next = document.hidden ? HIDDEN_EVERY_MS : EVERY_MS;
  try {
    const response = await fetch(`changes?since=${version}`);
    const changes = await response.json();
    for (const { id, html } of changes.regions) show(id, html);
    version = changes.version;
    document.title = changes.title;
    connected(true);
  } catch {
    connected(false);
    next = LOST_EVERY_MS;
  }
  clearTimeout(timer);
  timer = setTimeout(look, next);
}

function connected(is) {
  const place = document.getElementById("connection");
  const words = is ? "live" : "the demo has ended or cannot be reached: this is how it stood last";
  if (place.textContent !== words) place.textContent = words;
  place.classList.toggle("lost", !is);
}

function show(id, html) {
  const have = document.getElementById(id);
  if (have === null) return location.reload();
  const want = have.cloneNode(false);
  want.innerHTML = html;
  const atEnd = [...have.querySelectorAll("[data-stick=end]")].filter(isAtEnd);
  renewChildren(have, want);
  for (const element of have.querySelectorAll("[data-stick=end]")) {
    if (atEnd.includes(element) || !element.dataset.begun) toEnd(element);
  }
}

function isAtEnd(element) {
  return element.scrollHeight - element.scrollTop - element.clientHeight < 8;
}

function toEnd(element) {
  element.dataset.begun = "yes";
  element.scrollTop = element.scrollHeight;
}

function renewChildren(have, want) {
  const byKey = new Map([...have.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set([...want.children].map((child) => child.dataset.key));
  // Copied, because what is new is taken from the list that is gone through.
  const nodes = Array.from(want.childNodes);
  let at = have.firstChild;
  for (const next of nodes) {
    const key = next.dataset?.key;
    const same = key === undefined ? unkeyed(at, next) : byKey.get(key);
    if (same === undefined) {
      next.classList?.add("fresh");
      have.insertBefore(next, at);
      continue;
    }
    // An element that is moved loses its focus and its scroll: what stands before it goes instead.
    while (at !== same && at !== null && (at.dataset?.key === undefined || !wanted.has(at.dataset.key))) {
      at = dropped(at);
    }
    if (same === at) at = at.nextSibling;
    else have.insertBefore(same, at);
    renew(same, next);
  }
  while (at !== null) at = dropped(at);
}

function dropped(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function unkeyed(at, next) {
  const isSame = at !== null && at.nodeName === next.nodeName && at.dataset?.key === undefined;
  return isSame ? at : undefined;
}

function renew(have, want) {
  if (have.nodeType !== Node.ELEMENT_NODE) {
    if (have.data !== want.data) have.data = want.data;
    return;
  }
  if (have.isEqualNode(want)) return;
  for (const name of have.getAttributeNames()) {
    if (!want.hasAttribute(name) && !isTheReaders(name)) have.removeAttribute(name);
  }
  for (const { name, value } of want.attributes) {
    if (have.getAttribute(name) !== value) have.setAttribute(name, value);
  }
  renewChildren(have, want);
}

// What a person opened stays open, and what the script noted stays noted.
function isTheReaders(name) {
  return name === "open" || name === "data-begun";
}

async function answer(event) {
  const form = event.target;
  if (!form.matches("form.ask")) return;
  event.preventDefault();
  const note = form.querySelector(".note");
  const heading = form.closest(".story")?.querySelector("h3");
  const body = new URLSearchParams(new FormData(form, event.submitter));
  note.textContent = "Sending…";
  try {
    const headers = { accept: "text/plain" };
    const response = await fetch("answer", { method: "POST", body, headers });
    if (!response.ok) throw new Error(await response.text());
    await look();
    // The form is gone now, and with it the focus.
    heading?.focus({ preventScroll: true });
  } catch (error) {
    note.textContent = error.message;
  }
}

function filter() {
  const box = document.getElementById("show-rest");
  document.getElementById("decisions").classList.toggle("only-acts", !box.checked);
}

document.addEventListener("submit", (event) => void answer(event));
document.addEventListener("visibilitychange", () => void (document.hidden || look()));
document.getElementById("show-rest").addEventListener("change", filter);
for (const element of document.querySelectorAll("[data-stick=end]")) toEnd(element);
filter();
timer = setTimeout(look, EVERY_MS);
