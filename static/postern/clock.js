// Compares this device's clock with the server's: eight round trips, of which the quickest says most.
(() => {
  "use strict";
  const form = document.querySelector("form[data-clock]");
  if (!form) return;
  const said = form.querySelector("[data-clock-said]");
  const { offset_ms: offset, margin_ms: margin } = form.elements;
  const ROUNDS = 8;

  const once = async () => {
    const asked = Date.now();
    const begun = performance.now();
    const answer = await fetch(form.dataset.clock, { cache: "no-store", credentials: "omit" });
    const { now } = await answer.json();
    const took = performance.now() - begun;
    return { offset: asked + took / 2 - now, margin: took / 2 + 1 };
  };
  const words = ({ offset, margin }) => {
    const seconds = (number) =>
      Math.abs(number) < 100 ? "less than 0.1 seconds" : `${(Math.abs(number) / 1000).toFixed(1)} seconds`;
    return `This clock is ${seconds(offset)} ${offset < 0 ? "behind" : "ahead"}, give or take ${seconds(margin)}.`;
  };
  const measure = async () => {
    let best;
    for (let round = 0; round < ROUNDS; round += 1) {
      const one = await once();
      if (!best || one.margin < best.margin) best = one;
    }
    offset.value = Math.round(best.offset);
    margin.value = Math.ceil(best.margin);
    said.textContent = words(best);
    form.querySelector("[data-clock-typed]").hidden = true;
  };
  said.textContent = "Measuring…";
  measure().catch(() => {
    said.textContent = "The server did not answer. Type what the clock shows instead.";
  });
})();
