// The page: what is chosen, painted and pressed, and what the server answers.

import { Answers } from "./answers.js";
import { holdable, listenToKeys, listenToPointers } from "./gestures.js";
import { Hole } from "./hole.js";
import { View } from "./view.js";
import { message, messages, post } from "./wire.js";

const WAYS = { latent: "search", yeh: "Yeh et al. 2017 (minutes)", encoder: "encoder alone" };
const SEVERAL = "latent"; // the method that has more than one answer

const $ = (id) => document.getElementById(id);
const on = (id, event, handler) => $(id).addEventListener(event, handler);
const view = new View($("view"));
const answers = new Answers(view);

let photograph = null; // { file, name, suffix, lossless }
let search = null; // an AbortController while one is under way
let usual = SEVERAL; // the method where none is chosen
let marking = false; // whether clicks mark the eyes

/** Show a sentence, which is bad news unless it is plain; "" takes the last one away. */
function say(text, plain = false) {
  $("message").hidden = !text;
  $("message").classList.toggle("plain", plain);
  $("message").firstElementChild.textContent = text.replace(/[^.?!]$/, "$&.");
}

/** Run what may fail; its failure is told. */
async function attempt(work) {
  say("");
  try {
    await work();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message);
  }
}

/** Bring buttons and picture up to date with what there is. */
function refresh() {
  $("undo").disabled = !view.hole?.done.length;
  $("redo").disabled = !view.hole?.undone.length;
  $("size-said").textContent = `${size()} px`;
  $("painting").disabled = $("restoring").disabled = !photograph || search !== null;
  $("progress").hidden = search === null;
  $("mark").textContent = view.eyes.length === 2 ? "Forget the eyes" : "Mark both eyes";
  const several = ($("method").value || usual) === SEVERAL;
  for (const choice of document.getElementsByName("candidates")) {
    choice.disabled = !several && choice.value !== "1";
    choice.checked = several ? choice.checked : choice.value === "1";
  }
  view.redraw();
}

// The photograph

function open(file, name = file.name || "photograph.png") {
  return attempt(async () => {
    search?.abort();
    const answer = await post(`api/photograph?name=${encodeURIComponent(name)}`, file);
    for await (const [facts, [picture]] of messages(answer)) {
      view.photograph = await createImageBitmap(picture);
      photograph = { file, name, ...facts };
    }
    const { width, height } = view.photograph;
    Object.assign(view, { hole: new Hole(width, height), eyes: [] });
    answers.forget();
    $("name").textContent = `${name}, ${width}×${height} pixels`;
    $("size").max = Math.round(Math.min(width, height) / 2);
    $("size").value = Math.round(Math.min(width, height) / 14);
    $("empty").hidden = true;
    $("bar").hidden = false;
    $("png-label").hidden = photograph.lossless;
    view.fit();
    refresh();
    $("view").focus({ preventScroll: true });
    say(photograph.notes.join("; "), true);
  });
}

const takeExample = () =>
  attempt(async () => open(await (await fetch("api/example")).blob(), "example.png"));

const stem = () => photograph.name.replace(/\.[^.]*$/, "");

// The hole

const size = () => Number($("size").value); // of the brush, in pixels of the photograph
const paintable = () => view.hole && !search && !marking;

/** Return the tool that is chosen, after choosing another one if it is named. */
function tool(name) {
  if (name) document.querySelector(`[name=tool][value=${name}]`).checked = true;
  return document.querySelector("[name=tool]:checked").value;
}

function resize(factor) {
  const wanted = Math.round(size() * factor);
  $("size").value = factor > 1 ? Math.max(wanted, size() + 1) : wanted;
  if (view.brush) view.brush.size = size();
  refresh();
}

/** Do something to the hole, which is shown from then on, and no longer an answer. */
function change(step) {
  if (!view.hole || search) return;
  step(view.hole);
  answers.choose(-1);
  refresh();
}

async function saveMask() {
  const { file } = await view.hole.mask();
  const href = URL.createObjectURL(file);
  Object.assign(document.createElement("a"), { href, download: `${stem()}-mask.png` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

const loadMask = (file) =>
  attempt(async () => {
    const picture = await createImageBitmap(file).catch(() => {
      throw new Error(`${file.name} can't be read as a picture`);
    });
    change((hole) => hole.load(picture));
  });

// The search

async function restore() {
  if (!view.hole || search) return;
  search = new AbortController();
  if (view.eyes.length < 2) view.eyes = [];
  marking = false;
  $("share").removeAttribute("value");
  $("stage").textContent = "Sending the photograph";
  refresh();
  await attempt(async () => {
    const { file, share } = await view.hole.mask();
    if (share === 0) throw new Error("Paint over what is missing first");
    if (share === 1) throw new Error("All of the photograph is painted over: leave what is good");
    answers.forget();
    $("progress").scrollIntoView({ block: "nearest" });
    const body = message(order(), photograph.file, file);
    let last = null;
    for await (const [told, parts] of messages(await post("api/restore", body, search.signal))) {
      last = told.event;
      await hear[last](told, ...parts);
    }
    if (last !== "done" && last !== "error") throw new Error("The server has ended the search");
  });
  search = view.glimpse = null;
  $("answers").hidden = answers.none;
  refresh();
}

/** Return what the server must know, beside the photograph and the mask. */
function order() {
  const asked = {
    name: photograph.name,
    candidates: Number(document.querySelector("[name=candidates]:checked").value),
    png: asPng(),
  };
  if ($("method").value) asked.method = $("method").value;
  if ($("seed").value) asked.seed = Number($("seed").value);
  // Places count from the first pixel's corner here, and from its centre there.
  if (view.eyes.length === 2) asked.eyes = view.eyes.map(({ x, y }) => [x - 0.5, y - 0.5]);
  return asked;
}

const asPng = () => !photograph.lossless && $("png").checked;

// What is done at each event of a search.
const hear = {
  waiting({ before }) {
    $("stage").textContent = `Waiting for ${before} before you`;
  },
  begun() {
    $("stage").textContent = "Looking for the face";
  },
  step({ share }) {
    const stage = share < 1 ? "Searching" : "Putting it into the photograph";
    if ($("stage").textContent !== stage) $("stage").textContent = stage;
    $("share").value = share;
  },
  async glimpse({ side, frames }, table) {
    const picture = await createImageBitmap(table);
    view.glimpse = { picture, side, frames };
    answers.glimpse(picture, side, frames.length - 1); // of the face with most of the hole
    view.redraw();
  },
  async candidate({ box }, patch, file) {
    const suffix = asPng() ? ".png" : photograph.suffix;
    await answers.add(patch, box, file, [`${stem()}-restored`, suffix]);
  },
  done({ faces, outside, notes }) {
    const facts = faces.map(({ width, side, stretched }) => {
      const wide = `The face's square is ${Math.round(width)} pixels wide here`;
      return `${wide}: the networks' ${side} pixels are stretched ${stretched.toFixed(1)}×.`;
    });
    const percent = Number(Math.max(0.1, 100 * outside).toPrecision(2));
    if (outside) facts.push(`${percent} % of the hole lies beside it, and is filled smoothly.`);
    if (!photograph.lossless && !asPng()) {
      facts.push("Writing a JPEG again changes known pixels a little; PNG would not.");
    }
    $("facts").textContent = [...facts, ...notes].join(" ");
    answers.show(faces);
    $("answers").scrollIntoView({ block: "nearest" });
  },
  error({ message: reason, eyes }) {
    if (!eyes) throw new Error(reason);
    mark();
    say(`${reason.replace(/^./, (first) => first.toUpperCase())}. Click on both eyes`);
  },
};

/** End the search, or the marking of eyes. */
function cancel() {
  search?.abort();
  if (marking) view.eyes = [];
  marking = false;
  say("");
  refresh();
}

// The eyes

function mark() {
  Object.assign(view, { eyes: [], result: null });
  marking = true;
  refresh();
}

function markEye(x, y) {
  view.eyes.push({ x, y });
  marking = view.eyes.length < 2;
  refresh();
  if (!marking) restore();
}

// What is clicked, dropped and pasted

function original(held) {
  view.original = held;
  view.redraw();
}

for (const id of ["choose", "first-choose"]) on(id, "click", () => $("file").click());
for (const id of ["example", "first-example"]) on(id, "click", takeExample);
on("load-mask", "click", () => $("mask-file").click());
for (const [id, take] of [["file", open], ["mask-file", loadMask]]) {
  on(id, "change", () => {
    const [file] = $(id).files;
    if (file) take(file).finally(() => ($(id).value = "")); // it can be chosen again
  });
}
for (const step of ["undo", "redo", "clear", "invert"]) {
  on(step, "click", () => change((hole) => hole[step]()));
}
for (const [id, act] of Object.entries({ "save-mask": saveMask, restore, cancel })) {
  on(id, "click", act);
}
for (const id of ["size", "method"]) on(id, "input", refresh);
on("mark", "click", () => {
  const forgotten = view.eyes.length === 2;
  mark();
  if (forgotten) cancel();
  else say("Click on both eyes of the face", true);
});
on("dismiss", "click", () => say(""));
on("fit", "click", () => view.fit());
on("zoom-in", "click", () => view.zoom(1.5));
on("zoom-out", "click", () => view.zoom(1 / 1.5));
holdable($("original"), original);

const divideAt = (x) => answers.divideAt(x);
const hand = { size, tool, paintable, change, divideAt, markEye, marking: () => marking };
listenToPointers($("view"), view, hand);
listenToKeys($("view"), view, { tool, resize, change, original, restore, cancel });

for (const event of ["dragover", "dragleave", "drop"]) {
  window.addEventListener(event, (dragged) => {
    dragged.preventDefault();
    document.body.classList.toggle("dropping", event === "dragover");
    if (event === "drop" && dragged.dataTransfer.files[0]) open(dragged.dataTransfer.files[0]);
  });
}
window.addEventListener("paste", ({ clipboardData: { files } }) => files[0] && open(files[0]));

const settings = await (await fetch("api/settings")).json();
usual = settings.usual;
for (const way of settings.ways) $("method").add(new Option(WAYS[way] ?? way, way));
refresh();
