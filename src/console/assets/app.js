// Adds to pages what moves by itself. Every page works without it.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// ---- pieces of the page that the server draws again (src/console/live.rs): <main data-live="/address">

let source = null;

function put(id, html) {
  const element = document.getElementById(id);
  if (!element) return;
  // Whoever stands in a list with the keyboard stays there.
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  const log = element.closest("[data-log]");
  const atEnd = log && log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  element.innerHTML = html;
  if (focused) document.getElementById(focused)?.focus();
  if (atEnd) log.scrollTop = log.scrollHeight;
  element.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
}

function listen() {
  const address = $("main")?.dataset.live;
  if (!address || source) return;
  source = new EventSource(address);
  source.onmessage = (event) => {
    for (const [id, html] of JSON.parse(event.data)) put(id, html);
    document.documentElement.dataset.fresh = String(Number(document.documentElement.dataset.fresh || 0) + 1);
  };
}

// A browser has few connections to one host: a page that nobody sees gives its own back, unless it is to ring.
document.addEventListener("visibilitychange", () => {
  if (document.hidden && source && !("ring" in $("main").dataset)) {
    source.close();
    source = null;
  } else if (!document.hidden) {
    listen();
  }
});

// ---- logs begin at their end

for (const log of $$("[data-log]")) log.scrollTop = log.scrollHeight;

// ---- forms that are sent without leaving the page: <form data-stay>; what comes of it is drawn by the stream

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.dataset.sure && !confirm(form.dataset.sure)) {
    event.preventDefault();
    return;
  }
  if (!("stay" in form.dataset)) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const answer = await fetch(form.action, { method: "POST", body });
  const told = $("[data-told]", form);
  if (told) told.textContent = answer.ok ? "" : new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-detail]")?.textContent || "that did not work";
  if (!answer.ok) return;
  form.reset();
  for (const field of $$("textarea, input", form)) field.dispatchEvent(new Event("input", { bubbles: true }));
  $("textarea, input:not([type=hidden])", form)?.focus();
});

// ---- Enter sends, Shift+Enter breaks the line: <textarea data-enter>

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && "enter" in event.target.dataset) {
    event.preventDefault();
    if (event.target.value.trim()) event.target.form.requestSubmit();
  }
});

listen();
