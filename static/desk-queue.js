// Keys for the queue. Everything they do, a click does as well; without this file nothing is missing but the keys.
"use strict";
(() => {
  const cards = [...document.querySelectorAll("[data-card]")];
  const dialog = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  const place = "desk-queue-place";
  const off = "desk-queue-keys-off";

  const current = () => cards.indexOf(document.activeElement.closest("[data-card]"));
  const go = (index) => {
    const card = cards[Math.max(0, Math.min(cards.length - 1, index))];
    if (card) {
      card.focus({ preventScroll: true });
      card.scrollIntoView({ block: "nearest" });
    }
  };
  const here = () => cards[current()];
  const click = (root, key) => {
    const found = root && root.querySelector(`[data-key="${key}"]`);
    if (found) {
      found.click();
    }
  };

  const showPart = async (link) => {
    const part = link.closest("[data-card]").querySelector(".dq-part");
    if (part.childElementCount) {
      part.replaceChildren();
      return;
    }
    const answer = await fetch(link.dataset.part, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) {
      window.location.assign(link.href);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    part.replaceChildren(...page.body.childNodes);
  };

  document.querySelectorAll("[data-part]").forEach((link) => {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      showPart(link);
    });
  });

  // The page is loaded anew after a decision: stay at the same place, where the next card now is.
  document.querySelectorAll("[data-card] form").forEach((form) => {
    form.addEventListener("submit", () => sessionStorage.setItem(place, String(current())));
  });
  const stay = sessionStorage.getItem(place);
  sessionStorage.removeItem(place);
  if (stay !== null && cards.length) {
    go(Number(stay));
  }

  if (!dialog) {
    return;
  }
  on.checked = !localStorage.getItem(off);
  on.addEventListener("change", () => (on.checked ? localStorage.removeItem(off) : localStorage.setItem(off, "yes")));
  document.querySelectorAll(".dq-hint").forEach((hint) => (hint.hidden = false));

  const acts = {
    j: () => go(current() + 1),
    k: () => go(current() - 1),
    a: () => click(here(), "a"),
    c: () => click(here(), "c"),
    o: () => click(here(), "o"),
    d: () => {
      const decline = here() && here().querySelector(".dq-decline");
      if (decline) {
        decline.open = true;
        decline.querySelector("button").focus();
      }
    },
    x: () => {
      const tick = here() && here().querySelector('input[type="checkbox"]:not(:disabled)');
      if (tick) {
        tick.checked = !tick.checked;
      }
    },
    u: () => click(document, "u"),
    s: () => click(document, "s"),
    n: () => click(document, "n"),
    p: () => click(document, "p"),
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest('input:not([type="checkbox"]), select, textarea');
    if (typing || event.ctrlKey || event.metaKey || event.altKey || dialog.open) {
      return;
    }
    if (event.key === "?") {
      event.preventDefault();
      dialog.showModal();
      return;
    }
    if (!on.checked) {
      return;
    }
    const open = here() && here().querySelector(".dq-decline[open]");
    if (open && event.key === "Escape") {
      open.open = false;
      here().focus();
      return;
    }
    if (open && /^[0-9]$/.test(event.key)) {
      event.preventDefault();
      const reasons = open.querySelectorAll("button");
      reasons[(Number(event.key) + 9) % 10].click();
      return;
    }
    if (acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });
})();
