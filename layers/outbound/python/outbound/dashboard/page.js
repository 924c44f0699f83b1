"use strict";
// Refreshes the page in place. What has not changed stays the same element, so that focus, scroll and what is
// open stay; a screen reader is told only what changed in who needs attention. Without it the page is whole, too.
(() => {
  const top = document.querySelector(".top");
  const main = document.getElementById("main");
  const said = document.getElementById("said");
  const trouble = document.getElementById("trouble");
  const pause = document.getElementById("pause");
  const everySeconds = Number(top.dataset.every);
  const oldSeconds = Number(top.dataset.old);
  const patience = 10000;
  let busy = false;
  let failure = "";

  // What the server sent of each card, without what only tells how time passes: what was opened is no change.
  const sent = new Map();
  const essence = (card) => card.outerHTML.replace(/(<time[^>]*>)[^<]*/g, "$1");
  const cardsOf = (root) => [...root.querySelectorAll(".card")];
  const idsOf = (root) => cardsOf(root).map((card) => card.id).join();

  const attention = (root) => new Map(cardsOf(root).map((card) => [card.id, card.dataset]));
  const newsOf = (before, after) => {
    const news = [];
    for (const [id, { name, attention: now }] of after) {
      const known = before.get(id);
      if (now !== (known ? known.attention : "")) news.push(name + ": " + (now || "needs no attention any more"));
    }
    return news;
  };

  const letTimePass = (card, fresh) => {
    const times = fresh.querySelectorAll("time");
    card.querySelectorAll("time").forEach((time, place) => {
      time.textContent = times[place].textContent;
    });
  };

  // Replaces the cards that changed where they stand; false where there are others now, or in another order.
  const putInPlace = (fresh) => {
    if (!main.querySelector(".cards") || idsOf(main) !== idsOf(fresh)) return false;
    for (const card of cardsOf(fresh)) {
      const known = document.getElementById(card.id);
      if (sent.get(card.id) === essence(card)) {
        letTimePass(known, card);
      } else {
        card.classList.add("changed");
        known.replaceWith(card);
      }
    }
    const cards = main.querySelector(".cards");
    for (const part of [...main.children]) if (part !== cards) part.remove();
    for (const part of [...fresh.children]) if (!part.matches(".cards")) cards.before(part);
    return true;
  };

  // Everything anew, and then what a person had opened, scrolled to and pointed at.
  const put = (fresh) => {
    const essences = cardsOf(fresh).map((card) => [card.id, essence(card)]);
    const active = document.activeElement;
    const focused = active && main.contains(active) ? active.id : "";
    const open = [...main.querySelectorAll("details[open]")].map((part) => {
      const inner = part.querySelector(".scroll");
      return [part.id, inner ? inner.scrollTop : 0];
    });
    const place = [scrollX, scrollY];
    if (!putInPlace(fresh)) main.replaceChildren(...fresh.childNodes);
    for (const [id, inner] of open) {
      const part = document.getElementById(id);
      if (!part) continue;
      part.open = true;
      if (part.querySelector(".scroll")) part.querySelector(".scroll").scrollTop = inner;
    }
    const again = focused && document.getElementById(focused);
    if (again && document.activeElement !== again) again.focus({ preventScroll: true });
    scrollTo(...place);
    sent.clear();
    for (const [id, text] of essences) sent.set(id, text);
  };

  const refresh = async () => {
    if (busy) return;
    busy = true;
    try {
      const address = location.pathname + location.search;
      const answer = await fetch(address, { credentials: "same-origin", signal: AbortSignal.timeout(patience) });
      if (!answer.ok && answer.status !== 404) throw new Error("the answer was " + answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("main");
      if (!fresh) throw new Error("what came is not the page");
      const news = newsOf(attention(main), attention(fresh));
      put(fresh);
      document.title = page.title;
      failure = "";
      if (news.length) said.textContent = news.slice(0, 5).join(". ") + (news.length > 5 ? ". And more." : ".");
    } catch (error) {
      failure = error.name === "TimeoutError" ? "no answer came" : error.message;
    } finally {
      busy = false;
      tellAge();
    }
  };

  const lasting = (seconds) => {
    if (seconds < 120) return Math.max(0, Math.floor(seconds)) + " s";
    return seconds < 7200 ? Math.floor(seconds / 60) + " min" : Math.floor(seconds / 3600) + " h";
  };

  // The data gets older while the page is paused or cannot be refreshed, and says so.
  const tellAge = () => {
    const time = main.querySelector(".age time");
    const age = time ? (Date.now() - Date.parse(time.dateTime)) / 1000 : 0;
    if (time && (failure || paused())) time.textContent = lasting(age) + " ago";
    let text = failure && "The page could not be refreshed: " + failure + ". It shows older data, and tries again.";
    if (!text && paused() && age > oldSeconds) text = "The page is paused, and its data is " + lasting(age) + " old.";
    if (trouble.textContent !== text) trouble.textContent = text;
    trouble.hidden = !text;
  };

  const paused = () => pause.getAttribute("aria-pressed") === "true";
  const tick = () => {
    if (!paused() && !document.hidden) refresh();
  };
  const tellRhythm = () => {
    const rhythm = paused() ? "Paused: the data gets older" : "Refreshes every " + everySeconds + " s";
    document.getElementById("every").textContent = rhythm;
  };

  pause.addEventListener("click", () => {
    pause.setAttribute("aria-pressed", String(!paused()));
    tellRhythm();
    tick();
  });
  document.getElementById("refresh").addEventListener("click", (event) => {
    event.preventDefault();
    refresh();
  });
  document.addEventListener("visibilitychange", tick);

  for (const card of cardsOf(main)) sent.set(card.id, essence(card));
  for (const id of ["pause", "every"]) document.getElementById(id).hidden = false;
  setInterval(tick, everySeconds * 1000);
  setInterval(() => { if (failure || paused()) tellAge(); }, 5000);
})();
