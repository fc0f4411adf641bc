// Keeps the draft while the clinician types. Without this file the same form works by its buttons.
"use strict";

const form = document.querySelector("form[data-autosave]");
if (form) {
  const status = document.getElementById("kept");
  const WAIT_MS = 1000;
  const RETRY_MS = 5000;
  let timer = 0;
  let changed = false;
  let sending = false;

  const say = (text, bad) => {
    status.textContent = text;
    status.classList.toggle("bad", Boolean(bad));
  };

  // A new item is added by its own button only: half a word is not an item.
  const fields = () => {
    const data = new URLSearchParams(new FormData(form));
    for (const name of ["own.what", "own.when", "own.owner", "own.note"]) data.delete(name);
    data.set("action", "keep");
    return data;
  };

  const showProblems = (problems) => {
    for (const old of form.querySelectorAll("[data-live-error]")) old.remove();
    for (const problem of problems) {
      const control = form.elements.namedItem(problem.field);
      if (!control || !control.closest) continue;
      const line = document.createElement("span");
      line.className = "error";
      line.dataset.liveError = "";
      line.textContent = problem.words;
      control.closest(".field").append(line);
    }
  };

  // An answer of another launch than the banner's would mix two patients: nothing more may be done on this page.
  const ofAnother = (answer) => {
    const launch = answer.headers.get("X-Context");
    const shown = document.querySelector("[data-ctx]").dataset.ctx;
    if (!launch || launch === shown) return false;
    form.inert = true;
    say("Stopped: the answer was for another launch. Close this page and open the patient from the chart again.", true);
    return true;
  };

  const keep = async () => {
    if (sending || !changed || form.inert) return;
    sending = true;
    changed = false;
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body: fields(), keepalive: document.visibilityState === "hidden" });
      if (ofAnother(answer)) {
        changed = false;
      } else if (answer.ok) {
        const kept = await answer.json();
        form.elements.namedItem("draft_version").value = kept.draft_version;
        showProblems(kept.problems);
        say(kept.problems.length ? "Kept, but for the entries marked below." : `Draft kept at ${kept.kept_at}.`, kept.problems.length);
      } else if (answer.status === 409) {
        say("Not kept: this draft was changed in another window. Reload the page to go on from there.", true);
      } else if (answer.status === 401 || answer.status === 403) {
        say("Not kept: the session has ended. What was kept before is offered again after the next launch from the chart.", true);
      } else {
        changed = true;
        say("Not kept yet. Trying again.", true);
        timer = window.setTimeout(keep, RETRY_MS);
      }
    } catch {
      changed = true;
      say("Not kept yet: no connection. Trying again; stay on this page.", true);
      timer = window.setTimeout(keep, RETRY_MS);
    } finally {
      sending = false;
      if (changed && !timer) timer = window.setTimeout(keep, WAIT_MS);
    }
  };

  const keepSoon = () => {
    changed = true;
    say("Not kept yet.");
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      timer = 0;
      keep();
    }, WAIT_MS);
  };

  const isOwn = (control) => Boolean(control.name) && control.name.startsWith("own.");

  // What was typed before this file had come, or given back by the browser, differs from what the server sent.
  const typed = (control) => {
    if (!control.name || control.type === "hidden" || isOwn(control)) return false;
    if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
    if (control.tagName === "SELECT") {
      const sent = [...control.options].findIndex((option) => option.defaultSelected);
      return control.selectedIndex !== Math.max(sent, 0);
    }
    return (control.tagName === "TEXTAREA" || control.tagName === "INPUT") && control.value !== control.defaultValue;
  };

  form.addEventListener("input", (event) => {
    if (!isOwn(event.target)) keepSoon();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") keep();
  });
  form.addEventListener("submit", () => {
    window.clearTimeout(timer);
    changed = false;
  });
  form.classList.add("autosaving");
  if ([...form.elements].some(typed)) keepSoon();
}
