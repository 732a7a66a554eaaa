"use strict";

{
  const paths = read("data");
  const steps = [...document.querySelectorAll("[data-step]")];
  const slides = [...document.querySelectorAll(".slide")];
  const bar = document.querySelector("footer .bar span");
  const count = document.querySelector("footer .count");
  let now = 0; // 0 is the title, then every step

  function show(place) {
    now = Math.max(0, Math.min(steps.length, place));
    const step = steps[now - 1];
    const slide = step ? step.closest(".slide") : slides[0];
    for (const other of slides) other.classList.toggle("shown", other === slide);
    steps.forEach((other, k) => {
      other.classList.toggle("past", k < now - 1);
      other.classList.toggle("now", k === now - 1);
    });
    putOut();
    if (step) {
      const { step: name } = step.dataset;
      const found = path(paths, name);
      for (const [other, strength] of found) if (strength === "far") found.delete(other);
      lightDrawing(paths, found);
      step.scrollIntoView({ block: "end" });
    }
    bar.style.width = `${(100 * now) / steps.length}%`;
    count.textContent = `${now} / ${steps.length}`;
  }

  const KEYS = {
    ArrowRight: () => show(now + 1),
    ArrowDown: () => show(now + 1),
    PageDown: () => show(now + 1),
    " ": () => show(now + 1),
    ArrowLeft: () => show(now - 1),
    ArrowUp: () => show(now - 1),
    PageUp: () => show(now - 1),
    Home: () => show(0),
    End: () => show(steps.length),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const act = KEYS[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
  document.addEventListener("click", (event) => {
    show(event.clientX < window.innerWidth / 4 ? now - 1 : now + 1);
  });

  document.body.classList.add("live"); // without a script the slides are a list to scroll
  show(0);
}
