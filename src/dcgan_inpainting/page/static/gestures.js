// Hands on the photograph: mouse, pen, fingers and keys.

const TAP = 250; // milliseconds: a Tab that is held for less goes to the next control
const STEP = 60; // pixels of the screen by which an arrow key moves the photograph
const WHEEL = 0.0015; // of the zoom's logarithm, for each pixel that a wheel turns
const OTHER_END = 32; // a pen's, among its buttons

/** Let the pointers that touch the canvas paint, mark, move and zoom. */
export function listenToPointers(canvas, view, page) {
  const down = new Map(); // where each pointer is that is held
  let doing = null; // stroke | pan | pinch | divide | mark

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, [event.clientX, event.clientY]);
    const { x, y } = view.place(event);
    if (down.size === 2) {
      if (doing === "stroke") page.change((hole) => hole.withdraw());
      doing = "pinch";
    } else if (event.button === 1 || canvas.classList.contains("moving")) {
      doing = "pan";
      event.preventDefault(); // the middle button would scroll
    } else if (view.divided(x)) {
      doing = "divide";
    } else if (page.marking()) {
      doing = "mark";
    } else if (page.paintable() && event.button !== 2) {
      doing = "stroke";
      const erase = page.tool() === "erase" || (event.buttons & OTHER_END) > 0;
      page.change((hole) => hole.stroke(x, y, page.size(), erase));
    }
  });

  canvas.addEventListener("pointermove", (event) => {
    const { x, y } = view.place(event);
    const shown = event.pointerType !== "touch" && page.paintable() && !view.divided(x);
    canvas.classList.toggle("dividing", view.divided(x));
    view.brush = shown ? { x, y, size: page.size() } : null;
    view.redraw();
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    down.set(event.pointerId, now);
    if (doing === "stroke") {
      view.hole.extend(x, y);
    } else if (doing === "divide") {
      page.divideAt(x);
    } else if (doing === "pan") {
      view.pan(now[0] - before[0], now[1] - before[1]);
    } else if (doing === "pinch" && down.size === 2) {
      const other = [...down].find(([id]) => id !== event.pointerId)[1];
      const corner = canvas.getBoundingClientRect();
      view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
      view.zoom(
        distance(now, other) / Math.max(1, distance(before, other)),
        (now[0] + other[0]) / 2 - corner.left,
        (now[1] + other[1]) / 2 - corner.top,
      );
    }
  });

  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      down.delete(event.pointerId);
      const { x, y } = view.place(event);
      if (doing === "mark" && end === "pointerup") page.markEye(x, y);
      if (!down.size) doing = null;
    });
  }
  canvas.addEventListener("pointerleave", () => {
    view.brush = null;
    view.redraw();
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    // By lines instead of pixels; and as browsers tell two fingers on a touchpad.
    const factor = (event.deltaMode ? 16 : 1) * (event.ctrlKey ? 5 : 1);
    view.zoom(Math.exp(-WHEEL * factor * event.deltaY), event.offsetX, event.offsetY);
  });
}

/** Let keys do what buttons do, and more. */
export function listenToKeys(canvas, view, page) {
  let since = 0; // when Tab was pressed on the photograph
  const onPhotograph = (target) => target === canvas || target === document.body;
  const everywhere = {
    "[": () => page.resize(1 / 1.25),
    "]": () => page.resize(1.25),
    b: () => page.tool("paint"),
    e: () => page.tool("erase"),
    0: () => view.fit(),
    "+": () => view.zoom(1.25),
    "-": () => view.zoom(1 / 1.25),
    Escape: page.cancel,
  };
  const there = {
    " ": () => {}, // moves, instead of scrolling the page
    ArrowLeft: () => view.pan(STEP, 0),
    ArrowRight: () => view.pan(-STEP, 0),
    ArrowUp: () => view.pan(0, STEP),
    ArrowDown: () => view.pan(0, -STEP),
  };
  const withControl = {
    z: ({ shiftKey }) => page.change((hole) => (shiftKey ? hole.redo() : hole.undo())),
    y: () => page.change((hole) => hole.redo()),
    enter: page.restore,
  };

  window.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (key === " " && canvas.matches(":hover")) canvas.classList.add("moving");
    if (key === "Tab" && view.photograph && (onPhotograph(target) || event.repeat)) {
      event.preventDefault();
      if (!event.repeat) since = event.timeStamp;
      page.original(true);
    } else if (!target.matches("input[type=number], select")) {
      const third = event.getModifierState("AltGraph"); // by which some keyboards have [ and ]
      const control = (event.ctrlKey || event.metaKey) && !third;
      const known = onPhotograph(target) ? { ...everywhere, ...there } : everywhere;
      const act = control ? withControl[key.toLowerCase()] : known[key];
      if (!act || (event.altKey && !third)) return;
      event.preventDefault();
      act(event);
    }
  });
  window.addEventListener("keyup", (event) => {
    if (event.key === " ") canvas.classList.remove("moving");
    if (event.key !== "Tab" || !view.original) return;
    page.original(false);
    if (onPhotograph(event.target) && event.timeStamp - since < TAP) leave(canvas, event.shiftKey);
  });
  window.addEventListener("blur", () => page.original(false));
}

/** Let a button do something for as long as a pointer or a key holds it. */
export function holdable(button, hold) {
  for (const event of ["pointerdown", "keydown"]) {
    button.addEventListener(event, ({ key }) => hold([undefined, " ", "Enter"].includes(key)));
  }
  for (const event of ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"]) {
    button.addEventListener(event, () => hold(false));
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}

/** Go on from an element to the control after it, or before it. */
function leave(element, backwards) {
  const all = document.querySelectorAll("button, input, select, summary, a[href], [tabindex]");
  const usable = [...all].filter((one) => one.offsetParent && !one.matches(":disabled"));
  usable.at(usable.indexOf(element) + (backwards ? -1 : 1)).focus();
}

function distance(one, other) {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}
