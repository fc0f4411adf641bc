// Enhancement only: every page works without this file. No patient data is kept in the browser.
"use strict";

// A page that comes back from the browser's cache may be old, or of a session that has ended: read it again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

// Open what a link points to, when it is inside a closed part of the page.
const openTarget = () => {
  const id = decodeURIComponent(window.location.hash.slice(1));
  const target = id && document.getElementById(id);
  const closed = target && target.closest("details:not([open])");
  if (closed) {
    closed.open = true;
    target.scrollIntoView();
  }
};
window.addEventListener("hashchange", openTarget);
openTarget();

// After 30 minutes the data may be stale: say so once, and leave the page as it is.
const banner = document.querySelector("[data-ctx]");
const strip = document.querySelector(".strip");
if (banner && strip) {
  window.setTimeout(() => {
    const line = document.createElement("li");
    line.className = "warn";
    const text = document.createElement("p");
    text.textContent = "This page was read more than 30 minutes ago. ";
    const link = document.createElement("a");
    link.href = "?reread=1";
    link.textContent = "Read again";
    text.append(link);
    line.append(text);
    strip.prepend(line);
  }, 30 * 60 * 1000);
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// On to the EHR's sign-in; without a script the page's own button does it.
const onward = document.querySelector("form[data-onward]");
if (onward) onward.submit();

// A frame without cookies: where the browser can ask, offer it; the launch then starts again in this frame.
for (const button of document.querySelectorAll("[data-allow]")) {
  if (!document.requestStorageAccess) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await document.requestStorageAccess();
      window.location.assign(button.dataset.allow);
    } catch {
      button.textContent = "The browser did not allow it: use a new window";
    }
  });
}
