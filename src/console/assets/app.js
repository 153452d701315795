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
    // ---- what a text costs, as it is typed: <textarea data-count="id of an output">

let counting = null;
document.addEventListener("input", (event) => {
  const output = event.target.dataset.count && document.getElementById(event.target.dataset.count);
  if (!output) return;
  clearTimeout(counting);
  counting = setTimeout(async () => {
    const text = event.target.value;
    const answer = text ? await fetch("/segments", { method: "POST", body: text }) : null;
    output.textContent = answer?.ok ? await answer.text() : "";
  }, 120);
});

// ---- a new text from somebody who waits rings, and stands in the title: <main data-ring>, <a data-heard>

const heard = () => Math.max(0, ...$$("[data-heard]").map((link) => Number(link.dataset.heard)));
const title = document.title;
let last = heard();
let missed = 0;

function ring() {
  // Browsers allow sound after the first click on a page; before it this is silent.
  const audio = new AudioContext();
  if (audio.state !== "running") return;
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.setValueAtTime(660, audio.currentTime);
  tone.frequency.setValueAtTime(880, audio.currentTime + 0.12);
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
}

document.addEventListener("drawn", () => {
  if (!("ring" in $("main").dataset) || heard() <= last) return;
  last = heard();
  ring();
  if (document.hidden) document.title = `(${++missed}) ${title}`;
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) [missed, document.title] = [0, title];
});

listen();
  }
});

// ---- logs begin at their end

for (const log of $$("[data-log]")) log.scrollTop = log.scrollHeight;

// ---- boxes of a flow chart lead to the people in them: <figure data-chart="/address/before/the/step/">

function boxes() {
  for (const box of $$("[data-chart] g[data-step]:not([data-way])")) {
    box.classList.add("linked");
    box.classList.toggle("here", Boolean(box.dataset.step) && box.closest("[data-chart]").dataset.here === box.dataset.step);
  }
}
boxes();
document.addEventListener("drawn", boxes);
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-chart] .linked");
  if (box?.dataset.step) location.href = box.closest("[data-chart]").dataset.chart + encodeURIComponent(box.dataset.step);
});

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
  // A button may lead elsewhere than its form: a note is no text.
  const address = event.submitter?.hasAttribute("formaction") ? event.submitter.formAction : form.action;
  const answer = await fetch(address, { method: "POST", body });
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

// ---- what a text costs, as it is typed: <textarea data-count="id of an output">

let counting = null;
document.addEventListener("input", (event) => {
  const output = event.target.dataset.count && document.getElementById(event.target.dataset.count);
  if (!output) return;
  clearTimeout(counting);
  counting = setTimeout(async () => {
    const text = event.target.value;
    const answer = text ? await fetch("/segments", { method: "POST", body: text }) : null;
    output.textContent = answer?.ok ? await answer.text() : "";
  }, 120);
});

// ---- a new text from somebody who waits rings, and stands in the title: <main data-ring>, <a data-heard>

const heard = () => Math.max(0, ...$$("[data-heard]").map((link) => Number(link.dataset.heard)));
const title = document.title;
let last = heard();
let missed = 0;

function ring() {
  // Browsers allow sound after the first click on a page; before it this is silent.
  const audio = new AudioContext();
  if (audio.state !== "running") return;
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.setValueAtTime(660, audio.currentTime);
  tone.frequency.setValueAtTime(880, audio.currentTime + 0.12);
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
}

document.addEventListener("drawn", () => {
  if (!("ring" in $("main").dataset) || heard() <= last) return;
  last = heard();
  ring();
  if (document.hidden) document.title = `(${++missed}) ${title}`;
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) [missed, document.title] = [0, title];
});

listen();

// ---- a file's lines go into a field: <input type=file data-into="id of a textarea">

document.addEventListener("change", async (event) => {
  const field = document.getElementById(event.target.dataset.into ?? "");
  const file = field && event.target.files?.[0];
  if (file) field.value = await file.text();
});
