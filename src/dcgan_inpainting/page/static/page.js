// The page: what is clicked, painted and pressed, and what the server answers.

import { holdable, listenToKeys, listenToPointers } from "./gestures.js";
import { Hole, sheet } from "./hole.js";
import { View } from "./view.js";
import { message, messages, post } from "./wire.js";

const THUMBNAIL = 160; // pixels of a canvas
const WAYS = { latent: "search", yeh: "search of Yeh et al. 2017, slow", encoder: "encoder alone" };
const SEVERAL = ["", "latent"]; // the methods that have more than one answer

const $ = (id) => document.getElementById(id);
const view = new View($("view"));
const { scene } = view;

let photograph = null; // { file, name, suffix, lossless }
let answers = []; // { picture, box, address, name }
let search = null; // an AbortController while one is under way
let marking = false; // whether clicks mark the eyes

function say(text, plain = false) {
  $("message").hidden = !text;
  $("message").classList.toggle("plain", plain);
  $("message").firstElementChild.textContent = text && (/[.?!]$/.test(text) ? text : `${text}.`);
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

// The photograph

function open(file, name = file.name || "photograph.png") {
  return attempt(async () => {
    search?.abort();
    const address = `api/photograph?name=${encodeURIComponent(name)}`;
    const body = file.slice(0, file.size, "application/octet-stream");
    for await (const [facts, [picture]] of messages(await post(address, body))) {
      scene.photograph = await createImageBitmap(new Blob([picture]));
      photograph = { file: body, name, ...facts };
    }
    scene.hole = new Hole(scene.photograph.width, scene.photograph.height);
    scene.eyes = [];
    forget();
    const { width, height } = scene.photograph;
    $("name").textContent = `${name}, ${width}×${height} pixels`;
    $("size").max = Math.round(Math.min(width, height) / 2);
    $("size").value = Math.round(Math.min(width, height) / 14);
    for (const id of ["painting", "restoring"]) $(id).disabled = false;
    $("empty").hidden = true;
    $("bar").hidden = false;
    $("png-label").hidden = photograph.lossless;
    await new Promise(requestAnimationFrame); // the stage may have another height now
    view.fit();
    refresh();
    $("view").focus({ preventScroll: true });
    if (photograph.notes.length) say(photograph.notes.join("; "), true);
  });
}

function takeExample() {
  return attempt(async () => {
    const answer = await fetch("api/example");
    await open(await answer.blob(), "example.png");
  });
}

/** Leave the answers, since they no longer belong to what is shown. */
function forget() {
  for (const { address } of answers) URL.revokeObjectURL(address);
  answers = [];
  scene.result = scene.glimpse = null;
  $("answers").hidden = true;
}

/** Bring buttons and picture up to date with what there is. */
function refresh() {
  $("undo").disabled = !scene.hole?.undoable;
  $("redo").disabled = !scene.hole?.redoable;
  $("size-said").textContent = `${size()} px`;
  const several = SEVERAL.includes($("method").value);
  for (const choice of document.getElementsByName("candidates")) {
    choice.disabled = !several && choice.value !== "1";
    if (!several) choice.checked = choice.value === "1";
  }
  $("mark").textContent = scene.eyes.length === 2 ? "Find the face again" : "Mark both eyes";
  view.redraw();
}

// The hole

function paintable() {
  return scene.hole && !search && !marking;
}

/** Do something to the hole, which is then shown, and no longer an answer. */
function change(step) {
  if (!scene.hole || search) return;
  scene.result = null;
  pressed(-1);
  step(scene.hole);
  refresh();
}

async function saveMask() {
  const { file } = await scene.hole.mask();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${stem()}-mask.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function loadMask(file) {
  return attempt(async () => {
    const picture = await createImageBitmap(file).catch(() => {
      throw new Error(`${file.name} can't be read as a picture`);
    });
    change((hole) => hole.load(picture));
  });
}

function stem() {
  return photograph.name.replace(/\.[^.]*$/, "");
}

/** Return the tool that is chosen, after choosing another one if it is named. */
function tool(name) {
  if (name) document.querySelector(`[name=tool][value=${name}]`).checked = true;
  return document.querySelector("[name=tool]:checked").value;
}

/** Return how many of the photograph's pixels the brush is wide. */
function size() {
  return Number($("size").value);
}

function resize(factor) {
  const wanted = Math.round(size() * factor);
  $("size").value = factor > 1 ? Math.max(wanted, size() + 1) : wanted;
  if (scene.brush) scene.brush.size = size();
  refresh();
}

// The search

function restore() {
  if (!scene.hole || search) return;
  return attempt(async () => {
    const { file, share } = await scene.hole.mask();
    if (share === 0) throw new Error("Paint over what is missing first");
    if (share === 1) throw new Error("The whole photograph is painted over: leave what is good");
    forget();
    search = new AbortController();
    begin("Asking");
    try {
      const body = message(order(), photograph.file, file);
      const answer = await post("api/restore", body, search.signal);
      let last = "";
      for await (const [told, parts] of messages(answer)) {
        last = told.event;
        await hear[told.event](told, parts);
      }
      if (!["done", "error"].includes(last)) throw new Error("the server has ended the search");
    } finally {
      search = null;
      scene.glimpse = null;
      $("progress").hidden = true;
      $("painting").disabled = $("restore").disabled = false;
      if (!answers.length) $("answers").hidden = true;
      refresh();
    }
  });
}

function order() {
  const { name } = photograph;
  const candidates = Number(document.querySelector("[name=candidates]:checked").value);
  const eyes = scene.eyes.map(({ x, y }) => [x - 0.5, y - 0.5]); // from a corner to centres
  const seed = $("seed").value;
  return {
    name,
    candidates,
    png: !photograph.lossless && $("png").checked,
    ...($("method").value && { method: $("method").value }),
    ...(seed !== "" && { seed: Number(seed) }),
    ...(eyes.length === 2 && { eyes }),
  };
}

function begin(stage) {
  $("progress").hidden = false;
  $("painting").disabled = $("restore").disabled = true;
  $("share").removeAttribute("value");
  $("stage").textContent = stage;
}

const hear = {
  waiting({ before }) {
    $("stage").textContent = `Waiting for ${before} before you`;
  },
  begun() {
    $("stage").textContent = "Looking for the face";
  },
  step({ share }) {
    if (share < 1 && $("stage").textContent !== "Searching") $("stage").textContent = "Searching";
    if (share === 1) $("stage").textContent = "Putting it into the photograph";
    $("share").value = share;
  },
  async glimpse({ side, frames }, [png]) {
    const picture = await createImageBitmap(new Blob([png]));
    scene.glimpse = { picture, side, frames };
    const count = picture.width / side;
    if (count > 1) {
      thumbnails(count, (context, number) => {
        const row = (frames.length - 1) * side; // the face with most of the hole
        context.drawImage(picture, number * side, row, side, side, 0, 0, THUMBNAIL, THUMBNAIL);
      });
    }
    view.redraw();
  },
  async candidate({ box }, [patch, file]) {
    const picture = await createImageBitmap(new Blob([patch]));
    const suffix = $("png").checked && !photograph.lossless ? ".png" : photograph.suffix;
    const address = URL.createObjectURL(new Blob([file]));
    answers.push({ picture, box, address, suffix });
  },
  done({ faces, outside, notes }) {
    thumbnails(answers.length, (context, number) => drawThumbnail(context, answers[number]));
    const facts = faces.map(({ width, stretched }) => {
      return `The face is ${Math.round(width)} pixels wide: what was found is stretched ${stretched.toFixed(1)}×.`;
    });
    if (outside) {
      const percent = Math.max(0.1, 100 * outside).toPrecision(2);
      facts.push(`${Number(percent)} % of the hole lies beside it and is filled smoothly.`);
    }
    if (photograph.suffix && !photograph.lossless && !$("png").checked) {
      facts.push("Writing a JPEG again changes known pixels a little; as PNG it would not.");
    }
    $("facts").textContent = [...facts, ...notes].join(" ");
    show(0);
  },
  error({ message: text, eyes }) {
    if (!eyes) throw new Error(text);
    mark();
    say(`${text[0].toUpperCase()}${text.slice(1)}. Click on both eyes of the face, then it goes on.`);
  },
};

// The answers

/** Put buttons there, each with a picture of its answer. */
function thumbnails(count, draw) {
  $("answers").hidden = false;
  $("compared").hidden = answers.length === 0;
  const row = $("thumbnails");
  while (row.children.length > count) row.lastChild.remove();
  while (row.children.length < count) {
    const number = row.children.length;
    const button = document.createElement("button");
    button.ariaLabel = `Answer ${number + 1}`;
    button.append(sheet(THUMBNAIL, THUMBNAIL));
    button.addEventListener("click", () => show(number));
    row.append(button);
  }
  [...row.children].forEach((button, number) => {
    button.disabled = answers.length === 0;
    draw(button.firstChild.getContext("2d"), number);
  });
}

function drawThumbnail(context, { picture, box: [left, top, width, height] }) {
  const side = 1.3 * Math.max(width, height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, THUMBNAIL, THUMBNAIL);
  context.scale(THUMBNAIL / side, THUMBNAIL / side);
  context.translate(side / 2 - left - width / 2, side / 2 - top - height / 2);
  context.imageSmoothingQuality = "high";
  context.drawImage(scene.photograph, 0, 0);
  context.drawImage(picture, left, top);
}

function show(number) {
  if (!answers.length || search?.signal.aborted) return;
  scene.result = answers[number];
  $("download").href = answers[number].address;
  const which = answers.length > 1 ? `-${number + 1}` : "";
  $("download").download = `${stem()}-restored${which}${answers[number].suffix}`;
  pressed(number);
  divide();
}

function pressed(number) {
  [...$("thumbnails").children].forEach((button, at) => (button.ariaPressed = at === number));
}

/** Let the slider's place divide the photograph, from a little left of the hole to its right. */
function divide() {
  if (!scene.result) return;
  const [left, , width] = scene.result.box;
  scene.split = left + width * (-0.05 + (1.1 * Number($("split").value)) / 100);
  view.redraw();
}

// The eyes

function mark() {
  marking = true;
  scene.eyes = [];
  scene.result = null;
  refresh();
}

/** End the search, or the marking of eyes. */
function cancel() {
  search?.abort();
  if (marking) scene.eyes = [];
  marking = false;
  say("");
  refresh();
}

function markEye(x, y) {
  scene.eyes.push({ x, y });
  marking = scene.eyes.length < 2;
  refresh();
  if (!marking) restore();
}

// What is clicked, dropped and pressed

const on = (id, event, handler) => $(id).addEventListener(event, handler);
const original = (held) => {
  scene.original = held;
  view.redraw();
};

for (const id of ["choose", "first-choose"]) on(id, "click", () => $("file").click());
for (const id of ["example", "first-example"]) on(id, "click", takeExample);
on("load-mask", "click", () => $("mask-file").click());
for (const [id, take] of [["file", open], ["mask-file", loadMask]]) {
  on(id, "change", () => {
    if ($(id).files[0]) take($(id).files[0]);
    $(id).value = ""; // the same file can be chosen again
  });
}
on("save-mask", "click", () => attempt(saveMask));
for (const step of ["undo", "redo", "clear", "invert"]) {
  on(step, "click", () => change((hole) => hole[step]()));
}
on("size", "input", refresh);
on("method", "change", refresh);
on("split", "input", divide);
on("restore", "click", restore);
on("cancel", "click", cancel);
on("mark", "click", () => {
  const marked = scene.eyes.length === 2;
  mark();
  if (marked) cancel();
  else say("Click on both eyes of the face.", true);
});
on("dismiss", "click", () => say(""));
on("fit", "click", () => view.fit());
on("zoom-in", "click", () => view.zoomBy(1.5));
on("zoom-out", "click", () => view.zoomBy(1 / 1.5));

holdable($("original"), original);
const page = { size, tool, resize, paintable, change, markEye, original, restore, cancel };
listenToPointers($("view"), view, { ...page, marking: () => marking });
listenToKeys($("view"), view, page);

for (const event of ["dragover", "dragleave", "drop"]) {
  window.addEventListener(event, (dropped) => {
    dropped.preventDefault();
    document.body.classList.toggle("dropping", event === "dragover");
    if (event === "drop" && dropped.dataTransfer.files[0]) open(dropped.dataTransfer.files[0]);
  });
}
window.addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file) open(file);
});

const settings = await (await fetch("api/settings")).json();
for (const way of settings.ways) {
  $("method").add(new Option(WAYS[way] ?? way, way));
}
