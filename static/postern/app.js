// Small comforts; every page works without this file.
(() => {
  "use strict";
  const one = (selector) => document.querySelector(selector);

  // [data-print] and its like stay hidden until a script is there to serve them.
  document.documentElement.classList.add("js");
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  // What just happened is read out first, unless the page has put the cursor somewhere.
  const flash = one(".flash");
  if (flash && !one("[autofocus]")) flash.focus();

  document.addEventListener("keydown", (event) => {
    const find = one("#find");
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing || !find) return;
    event.preventDefault();
    if (!find.checkVisibility()) one("#rail").showPopover();
    find.focus();
  });

  // A form goes out once. Coming back to the page makes it ready again.
  const buttons = (form) => form.querySelectorAll("button[type=submit], button:not([type])");
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || "again" in form.dataset) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => buttons(form).forEach((button) => (button.disabled = true)));
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      buttons(form).forEach((button) => (button.disabled = false));
    });
  });
})();
