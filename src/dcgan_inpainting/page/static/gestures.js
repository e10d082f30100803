// Hands on the photograph: mouse, pen, fingers and keys.

const TAP = 250; // milliseconds: a Tab that is held for less goes to the next control
const STEP = 60; // pixels of the screen by which an arrow key moves the photograph
const WHEEL = 0.0015; // of the zoom's logarithm, for each pixel that a wheel turns

/** Let the pointers that touch the canvas paint, mark, move and zoom. */
export function listenToPointers(canvas, view, page) {
  const down = new Map(); // where each pointer is that is held
  let doing = null; // stroke | pan | pinch | mark

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, point(event));
    const { x, y } = view.place(event);
    if (down.size === 2) {
      if (doing === "stroke") page.change((hole) => hole.withdraw());
      doing = "pinch";
    } else if (event.button === 1 || canvas.classList.contains("moving")) {
      doing = "pan";
      event.preventDefault(); // the middle button would scroll
    } else if (page.marking()) {
      doing = "mark";
    } else if (page.paintable() && event.button !== 2) {
      doing = "stroke";
      const erase = page.tool() === "erase" || (event.buttons & 32) > 0; // a pen's other end
      page.change((hole) => hole.stroke(x, y, page.size(), erase));
    }
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    const { x, y } = view.place(event);
    view.scene.brush =
      event.pointerType !== "touch" && page.paintable() ? { x, y, size: page.size() } : null;
    view.redraw();
    if (!before) return;
    const now = point(event);
    if (doing === "stroke") {
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) {
        const place = view.place(each);
        view.scene.hole.extend(place.x, place.y);
      }
    } else if (doing === "pan") {
      view.pan(now.x - before.x, now.y - before.y);
    } else if (doing === "pinch" && down.size === 2) {
      const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const corner = canvas.getBoundingClientRect();
      const middle = [(now.x + other.x) / 2 - corner.left, (now.y + other.y) / 2 - corner.top];
      view.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
      view.zoomBy(distance(now, other) / Math.max(1, distance(before, other)), ...middle);
    }
    down.set(event.pointerId, now);
  });

  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      down.delete(event.pointerId);
      const { x, y } = view.place(event);
      if (doing === "mark" && end === "pointerup") page.markEye(x, y);
      if (!down.size || doing === "mark") doing = null;
    });
  }
  canvas.addEventListener("pointerleave", () => {
    view.scene.brush = null;
    view.redraw();
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode ? 16 : 1;
      const fingers = event.ctrlKey ? 5 : 1; // as browsers tell a touchpad's pinch
      view.zoomBy(Math.exp(-WHEEL * event.deltaY * lines * fingers), event.offsetX, event.offsetY);
    },
    { passive: false },
  );
}

/** Let keys do what buttons do, and more. */
export function listenToKeys(canvas, view, page) {
  let tab = 0; // when Tab was pressed on the photograph

  const plain = {
    "[": () => page.resize(1 / 1.25),
    "]": () => page.resize(1.25),
    b: () => page.tool("paint"),
    e: () => page.tool("erase"),
    0: () => view.fit(),
    "+": () => view.zoomBy(1.25),
    "=": () => view.zoomBy(1.25),
    "-": () => view.zoomBy(1 / 1.25),
    Escape: page.cancel,
  };
  const onPhotograph = {
    " ": () => canvas.classList.add("moving"),
    ArrowLeft: () => view.pan(STEP, 0),
    ArrowRight: () => view.pan(-STEP, 0),
    ArrowUp: () => view.pan(0, STEP),
    ArrowDown: () => view.pan(0, -STEP),
  };

  window.addEventListener("keydown", (event) => {
    const { key, target } = event;
    const here = target === canvas || target === document.body;
    if (key === "Tab" && view.scene.photograph && (here || event.repeat)) {
      if (!event.repeat) tab = event.timeStamp;
      page.original(true);
    } else if (target.matches("input[type=number], select")) {
      return;
    } else if (event.ctrlKey || event.metaKey) {
      if (key.toLowerCase() === "z") page.change((hole) => (event.shiftKey ? hole.redo() : hole.undo()));
      else if (key === "y") page.change((hole) => hole.redo());
      else if (key === "Enter") page.restore();
      else return;
    } else {
      const known = { ...plain, ...(here && onPhotograph) };
      if (!Object.hasOwn(known, key)) return;
      known[key]();
    }
    event.preventDefault();
  });

  window.addEventListener("keyup", (event) => {
    if (event.key === " ") canvas.classList.remove("moving");
    if (event.key !== "Tab" || !view.scene.original) return;
    page.original(false);
    const here = event.target === canvas || event.target === document.body;
    if (here && event.timeStamp - tab < TAP) beside(canvas, event.shiftKey)?.focus();
  });
  window.addEventListener("blur", () => page.original(false));
}

/** Let a button do something for as long as it is held, by a pointer or a key. */
export function holdable(button, held) {
  button.addEventListener("pointerdown", () => held(true));
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur"]) {
    button.addEventListener(end, () => held(false));
  }
  for (const [event, is] of [["keydown", true], ["keyup", false]]) {
    button.addEventListener(event, ({ key }) => {
      if (key === " " || key === "Enter") held(is);
    });
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}

/** Return the control after an element, or before it. */
function beside(element, before) {
  const all = [...document.querySelectorAll("button, input, select, summary, a[href], [tabindex]")];
  const there = all.filter((one) => one === element || (!one.disabled && one.offsetParent));
  return there.filter((one) => !one.matches(":disabled")).at(there.indexOf(element) + (before ? -1 : 1));
}

function point(event) {
  return { x: event.clientX, y: event.clientY };
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
