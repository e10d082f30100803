// The page: what is chosen, painted and pressed, and what the server answers.

import { holdable, listenToKeys, listenToPointers } from "./gestures.js";
import { Hole, sheet } from "./hole.js";
import { View } from "./view.js";
import { message, messages, post } from "./wire.js";

const THUMBNAIL = 160; // pixels of a canvas
const WAYS = { latent: "search", yeh: "Yeh et al. 2017 (minutes)", encoder: "encoder alone" };
const SEVERAL = ["", "latent"]; // the methods that have more than one answer

const $ = (id) => document.getElementById(id);
const on = (id, event, handler) => $(id).addEventListener(event, handler);
const view = new View($("view"));

let photograph = null; // { file, name, suffix, lossless }
let answers = []; // { picture, box, address }
let search = null; // an AbortController while one is under way
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
  const several = SEVERAL.includes($("method").value);
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
    forget();
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
  choose(-1);
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
  refresh();
  await attempt(async () => {
    const { file, share } = await view.hole.mask();
    if (share === 0) throw new Error("Paint over what is missing first");
    if (share === 1) throw new Error("All of the photograph is painted over: leave what is good");
    forget();
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
  $("answers").hidden = answers.length === 0;
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
    thumbnails(picture.width / side, (context, number) => {
      const top = (frames.length - 1) * side; // the face with most of the hole
      context.drawImage(picture, number * side, top, side, side, 0, 0, THUMBNAIL, THUMBNAIL);
    });
    view.redraw();
  },
  async candidate({ box }, patch, file) {
    const picture = await createImageBitmap(patch);
    answers.push({ picture, box, address: URL.createObjectURL(file) });
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
    thumbnails(answers.length, (context, number) => drawThumbnail(context, answers[number]));
    choose(0);
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

// The answers

/** Show so many buttons, each with a picture of its answer. */
function thumbnails(count, draw) {
  $("answers").hidden = false;
  $("compared").hidden = answers.length === 0;
  const row = $("thumbnails");
  for (let number = row.children.length; number < count; number++) {
    const button = document.createElement("button");
    button.ariaLabel = `Answer ${number + 1}`;
    button.append(sheet(THUMBNAIL, THUMBNAIL));
    button.addEventListener("click", () => choose(number));
    row.append(button);
  }
  for (let number = 0; number < count; number++) {
    draw(row.children[number].firstChild.getContext("2d"), number);
  }
}

function drawThumbnail(context, { picture, box: [left, top, width, height] }) {
  const side = 1.3 * Math.max(width, height);
  context.reset();
  context.scale(THUMBNAIL / side, THUMBNAIL / side);
  context.translate(side / 2 - left - width / 2, side / 2 - top - height / 2);
  context.imageSmoothingQuality = "high";
  context.drawImage(view.photograph, 0, 0);
  context.drawImage(picture, left, top);
}

/** Show an answer; -1 = the hole. */
function choose(number) {
  const answer = answers[number];
  view.result = answer ?? null;
  [...$("thumbnails").children].forEach((one, at) => (one.ariaPressed = at === number));
  if (answer) {
    const which = answers.length > 1 ? `-${number + 1}` : "";
    $("download").href = answer.address;
    $("download").download = `${stem()}-restored${which}${asPng() ? ".png" : photograph.suffix}`;
    divide();
  }
  refresh();
}

/** Let the slider's place divide the photograph, from left of the hole to its right. */
function divide() {
  if (!view.result) return;
  const [left, , width] = view.result.box;
  view.split = left + width * (0.011 * Number($("split").value) - 0.05);
  view.redraw();
}

/** Let a place in the photograph be where it is divided. */
function divideAt(x) {
  const [left, , width] = view.result.box;
  $("split").value = ((x - left) / width + 0.05) / 0.011;
  divide();
}

/** Drop the answers, which no longer belong to what is shown. */
function forget() {
  for (const { address } of answers) URL.revokeObjectURL(address);
  answers = [];
  view.result = view.glimpse = null;
  $("answers").hidden = true;
  $("thumbnails").replaceChildren();
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
on("split", "input", divide);
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

for (const way of (await (await fetch("api/settings")).json()).ways) {
  $("method").add(new Option(WAYS[way] ?? way, way));
}
refresh();
