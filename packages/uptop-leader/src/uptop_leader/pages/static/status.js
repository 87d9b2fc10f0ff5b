// The status page for who has JavaScript: times in the reader's zone, the days of the bars by
// pointer, touch and keyboard, light or dark by choice, and news without loading the page anew.
// Everything is there without it too.
"use strict";

(() => {
  const DAYS = 90, DAY_MS = 86400000, POLL_MS = 15000, OLD_MS = 600000;
  const root = document.documentElement;

  // Things that are kept from one visit to the next. A browser may keep nothing.
  const kept = {
    get(name) { try { return localStorage.getItem("uptop-" + name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem("uptop-" + name, value); } catch { /* so be it */ } },
  };

  // Light and dark: at once, before anything is painted.
  if (kept.get("theme")) root.dataset.theme = kept.get("theme");

  const made = (tag, className, text) => {
    const one = document.createElement(tag);
    if (className) one.className = className;
    if (text) one.textContent = text;
    return one;
  };

  // Times.
  const asked = new URLSearchParams(location.search).get("tz");
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  let zone = asked || kept.get("zone") || own;
  const forms = {
    moment: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" },
    clock: { hour: "2-digit", minute: "2-digit", timeZoneName: "short" },
    day: { day: "numeric", month: "short", year: "numeric" },
  };
  function inZone(form, zoneName) {
    try { return new Intl.DateTimeFormat("en-GB", { ...forms[form], timeZone: zoneName }); }
    catch { return new Intl.DateTimeFormat("en-GB", { ...forms[form], timeZone: "UTC" }); }
  }
  const short = (words) => words.replace("Sept", "Sep"); // as the page itself has it
  function writeTimes(where) {
    const writers = {};
    for (const one of where.querySelectorAll("time[data-as]")) {
      const form = one.dataset.as;
      writers[form] ??= inZone(form, zone);
      one.textContent = short(writers[form].format(new Date(one.dateTime)));
    }
  }
  function writeZone() {
    const place = document.querySelector(".zone");
    if (!place) return;
    const other = zone === "UTC" ? own : "UTC";
    place.textContent = `Times are in ${zone} `;
    if (other === zone) return;
    const button = made("button", "plain-button", `show ${other}`);
    button.type = "button";
    button.addEventListener("click", () => {
      zone = other;
      kept.set("zone", zone);
      writeTimes(document);
      writeZone();
      document.querySelector(".zone button")?.focus();
    });
    place.append(button);
  }

  // Days: what is under the pointer, or chosen by arrow keys, is told in a small window.
  const tip = made("div", "tip");
  tip.hidden = true;
  const titles = new WeakMap();
  let shown = null;

  function wordsOf(bars, day) {
    let told = titles.get(bars);
    if (!told) {
      told = new Map();
      for (const title of bars.querySelectorAll("title")) {
        const shape = title.parentNode.firstElementChild;
        const x = shape.getAttribute("x") ?? shape.getAttribute("d").slice(1);
        told.set(Math.round(parseFloat(x) / 5), title.textContent);
        title.remove();
      }
      titles.set(bars, told);
    }
    if (told.has(day)) return told.get(day);
    const first = Date.parse(bars.closest("[data-first]").dataset.first);
    const date = short(inZone("day", "UTC").format(new Date(first + day * DAY_MS)));
    return `${date}: ${seen(bars, day) ? "no downtime" : "nobody looked"}`;
  }
  function seen(bars, day) {
    for (const run of bars.querySelectorAll("path.none")) {
      const [start, end] = run.getAttribute("d").slice(1).split(/ 14H/).map(Number);
      if (day * 5 >= start && day * 5 < end) return false;
    }
    return true;
  }
  function show(bars, day) {
    const words = wordsOf(bars, day);
    const drawing = bars.querySelector("svg").getBoundingClientRect();
    const x = drawing.left + (day + 0.5) * drawing.width / DAYS;
    const [date, told] = words.split(": ");
    tip.replaceChildren(made("b", "", date), told[0].toUpperCase() + told.slice(1));
    tip.hidden = false;
    const half = tip.offsetWidth / 2;
    const left = Math.min(Math.max(x, half + 8), root.clientWidth - half - 8);
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${drawing.top + scrollY}px`;
    bars.style.setProperty("--at", `${x - bars.getBoundingClientRect().left}px`);
    shown?.classList.remove("at");
    bars.classList.add("at");
    shown = bars;
    if (bars.tabIndex === 0) {
      bars.setAttribute("aria-valuenow", day);
      bars.setAttribute("aria-valuetext", words);
    }
  }
  function hide() {
    tip.hidden = true;
    shown?.classList.remove("at");
    shown = null;
  }
  function dayAt(bars, clientX) {
    const drawing = bars.querySelector("svg").getBoundingClientRect();
    const day = Math.floor((clientX - drawing.left) / drawing.width * DAYS);
    return Math.min(DAYS - 1, Math.max(firstShown(bars), day));
  }
  function firstShown(bars) { // on a narrow screen only the newer half is to be seen
    const drawing = bars.querySelector("svg").getBoundingClientRect();
    const hidden = bars.getBoundingClientRect().left - drawing.left;
    return Math.max(0, Math.round(hidden / drawing.width * DAYS));
  }
  function wire(bars) {
    bars.tabIndex = 0;
    bars.setAttribute("role", "slider");
    bars.setAttribute("aria-valuemin", 0);
    bars.setAttribute("aria-valuemax", DAYS - 1);
    bars.setAttribute("aria-valuenow", DAYS - 1);
    bars.setAttribute("aria-valuetext", "Arrow keys tell of each day");
  }
  const barsOf = (event) => event.target.closest?.(".bars");

  function listen() {
    document.addEventListener("pointermove", (event) => {
      const bars = barsOf(event);
      if (bars) show(bars, dayAt(bars, event.clientX));
      else if (shown && shown !== document.activeElement) hide();
    });
    document.addEventListener("pointerdown", (event) => {
      const bars = barsOf(event);
      if (bars) show(bars, dayAt(bars, event.clientX));
      else if (shown) hide();
    });
    document.addEventListener("focusin", (event) => {
      const bars = barsOf(event);
      if (bars && bars.matches(":focus-visible")) show(bars, Number(bars.getAttribute("aria-valuenow")));
    });
    document.addEventListener("focusout", (event) => { if (barsOf(event)) hide(); });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
      const bars = barsOf(event);
      if (!bars) return;
      const now = Number(bars.getAttribute("aria-valuenow"));
      const first = firstShown(bars), last = DAYS - 1;
      const to = {
        ArrowLeft: now - 1, ArrowRight: now + 1, ArrowDown: now - 1, ArrowUp: now + 1,
        PageDown: now - 7, PageUp: now + 7, Home: first, End: last,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      show(bars, Math.min(last, Math.max(first, to)));
    });
    addEventListener("scroll", () => { if (shown && shown !== document.activeElement) hide(); }, { passive: true });
    document.addEventListener("toggle", (event) => {
      if (event.target.matches?.("details[id]") && !filling) folds[event.target.id] = event.target.open;
    }, true);
  }

  // Folded groups stay as the reader left them.
  const folds = {};
  let filling = false;
  function fold(where) {
    for (const [id, open] of Object.entries(folds)) {
      const group = where.querySelector(`[id="${CSS.escape(id)}"]`);
      if (group) group.open = open;
    }
  }

  // The switch for light and dark.
  function addSwitch() {
    const top = document.querySelector(".top");
    if (!top) return;
    const button = made("button", "theme");
    button.type = "button";
    const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const tell = () => { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Use ${isDark() ? "light" : "dark"} colours`); };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      kept.set("theme", root.dataset.theme);
      tell();
    });
    tell();
    top.append(button);
  }

  // A filter, where there are many services.
  function addFilter() {
    const place = document.querySelector("#services");
    if (!place || document.querySelectorAll(".row").length < 20) return;
    const input = made("input", "filter");
    input.type = "search";
    input.placeholder = "Filter";
    input.setAttribute("aria-label", "Show services whose name has");
    input.addEventListener("input", filter);
    place.append(input);
  }
  function filter() {
    const wanted = (document.querySelector(".filter")?.value ?? "").trim().toLowerCase();
    for (const row of document.querySelectorAll(".row")) {
      row.hidden = wanted !== "" && !row.querySelector(".name").textContent.toLowerCase().includes(wanted);
    }
    for (const group of document.querySelectorAll(".services .group")) {
      group.hidden = wanted !== "" && !group.querySelector(".row:not([hidden])");
      if (wanted && !group.hidden && group.tagName === "DETAILS") group.open = true;
    }
  }

  // News. The browser asks with the ETag it has; nothing new costs next to nothing.
  let etag = null, taken = "";
  async function poll() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { cache: "no-cache", signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(answer.status);
      const tag = answer.headers.get("etag") ?? answer.headers.get("last-modified");
      if (tag === null || tag !== etag) take(await answer.text());
      etag = tag;
      live(true);
    } catch { live(false); }
  }
  function take(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = page.querySelector("main"), old = document.querySelector("main");
    if (!fresh || fresh.innerHTML === taken) return;
    taken = fresh.innerHTML;
    const focused = document.activeElement, barsAt = focused?.matches?.(".bars") ? focused : null;
    const row = barsAt?.closest("[id]")?.id, day = barsAt?.getAttribute("aria-valuenow");
    const typed = document.querySelector(".filter")?.value, link = focused?.getAttribute?.("href");
    const inFilter = focused?.matches?.(".filter");
    filling = true;
    fold(fresh);
    hide();
    document.title = page.title;
    old.replaceWith(document.adoptNode(fresh));
    dress();
    const input = document.querySelector(".filter");
    if (input && typed) { input.value = typed; filter(); }
    if (inFilter) input?.focus();
    else if (row) {
      const bars = document.getElementById(row)?.querySelector(".bars");
      bars?.setAttribute("aria-valuenow", day);
      bars?.focus({ preventScroll: true });
    } else if (link) document.querySelector(`main a[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
    setTimeout(() => { filling = false; }, 0);
  }
  function live(well) {
    const place = document.querySelector(".live");
    if (!place) return;
    const updated = Date.parse(place.querySelector("time")?.dateTime);
    const old = Date.now() - updated > OLD_MS;
    place.classList.toggle("is-live", well && !old);
    place.classList.toggle("is-away", !well || old);
    place.dataset.state = !well ? "No connection: this is how it was." : old ? "This has not been renewed for a while." : "Live.";
  }

  function dress() {
    const main = document.querySelector("main");
    writeTimes(document);
    for (const bars of main.querySelectorAll(".bars")) wire(bars);
    addFilter();
  }
  document.addEventListener("DOMContentLoaded", () => {
    const main = document.querySelector("main");
    if (!main) return;
    taken = main.innerHTML;
    document.body.append(tip);
    addSwitch();
    dress();
    writeZone();
    listen();
    if (!document.querySelector(".live")) return;
    live(true);
    setInterval(poll, POLL_MS);
    document.addEventListener("visibilitychange", poll);
  });
})();
