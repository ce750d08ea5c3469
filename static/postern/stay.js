// Warns two minutes before a session ends and offers to stay. The server ends it whatever this file does.
(() => {
  "use strict";
  const box = document.querySelector("form.stay");
  if (!box) return;
  const words = box.querySelector("p");
  const button = box.querySelector("button");
  const said = document.getElementById("stay-said");
  const WARN_BEFORE = 120_000;
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("postern-stay") : null;
  let restsAt, overAt, shown;

  const count = (restsIn, overIn) => {
    restsAt = Date.now() + restsIn * 1000;
    overAt = Date.now() + overIn * 1000;
  };
  const say = (state, text, stays) => {
    if (shown === state) return;
    shown = state;
    const held = box.contains(document.activeElement);
    box.hidden = !text;
    words.textContent = said.textContent = text;
    button.hidden = !stays;
    if (text && !held) document.activeElement.scrollIntoView({ block: "nearest" });
    if (held && !stays) (document.querySelector("main input:not([type=hidden]), main") || document.body).focus();
  };
  const clock = (at) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const look = () => {
    const now = Date.now();
    const end = Math.min(restsAt, overAt);
    if (shown === "failed" && now < end) return;
    if (now >= end) {
      say("over", "You are signed out. What you typed is still here: send it, sign in, and you find it filled in.", false);
    } else if (now >= end - WARN_BEFORE && overAt <= restsAt) {
      say("last", `You will be signed out at ${clock(end)}, when this session is as long as one may be. Send what you are typing.`, false);
    } else if (now >= end - WARN_BEFORE) {
      say("warn", `You will be signed out at ${clock(end)}, because nothing was pressed for a while.`, true);
    } else {
      say("", "", true);
    }
  };
  const tell = () => tabs && tabs.postMessage([restsAt, overAt]);

  box.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(box.action, {
        method: "POST", body: new FormData(box), headers: { "X-Postern-Stay": "1" }, redirect: "error",
      });
      const left = await answer.json();
      count(left.rests_in, left.over_in);
      tell();
      look();
      said.textContent = "You stay signed in.";
    } catch {
      say("failed", "That did not reach Postern, or you are signed out by now. Send what you typed; it is kept.", true);
    }
  });

  // A click in another tab keeps this one signed in too.
  if (tabs) tabs.onmessage = (event) => {
    if (event.data[0] > restsAt) [restsAt, overAt] = event.data;
    look();
  };
  count(Number(box.dataset.restsIn), Number(box.dataset.overIn));
  tell();
  look();
  setInterval(look, 2000);
  document.addEventListener("visibilitychange", look);
})();
