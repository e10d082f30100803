// The answers of a search: a small picture of each, the one that is shown, before and after.

import { sheet } from "./hole.js";

const SIDE = 160; // pixels of a small picture
const AROUND = 1.3; // its width in that of the faces: their squares end below the mouth
// The slider goes from a little left of the hole to a little right of it: 0…100 are so much of its
// width.
const FIRST = -0.05;
const EACH = 0.011;

const $ = (id) => document.getElementById(id);

export class Answers {
  #view;
  #found = []; // { picture, box, address, name }, where a name is a stem and a suffix

  constructor(view) {
    this.#view = view;
    $("split").addEventListener("input", () => this.#divide());
  }

  get none() {
    return this.#found.length === 0;
  }

  /** Take one more: its patch of the photograph, where that lies, and its file. */
  async add(patch, box, file, name) {
    const address = URL.createObjectURL(file);
    this.#found.push({ picture: await createImageBitmap(patch), box, address, name });
  }

  /** Drop all, since they no longer belong to what is shown. */
  forget() {
    for (const { address } of this.#found) URL.revokeObjectURL(address);
    this.#found = [];
    this.#view.result = null;
    $("answers").hidden = true;
    $("thumbnails").replaceChildren();
  }

  /** Show what a search has found by now: a column of a table for each answer. */
  glimpse(table, side, row) {
    this.#buttons(table.width / side, (context, number) => {
      context.drawImage(table, number * side, row * side, side, side, 0, 0, SIDE, SIDE);
    });
  }

  /** Show all that were found, the first one in the photograph; small, what surrounds the faces. */
  show(faces) {
    const first = Math.min(...faces.map(({ x, width }) => x - width / 2));
    const last = Math.max(...faces.map(({ x, width }) => x + width / 2));
    const highest = Math.min(...faces.map(({ y, width }) => y - width / 2));
    const lowest = Math.max(...faces.map(({ y, width }) => y + width / 2));
    const scale = SIDE / (AROUND * Math.max(last - first, lowest - highest));
    this.#buttons(this.#found.length, (context, number) => {
      const { picture, box: [left, top] } = this.#found[number];
      context.reset();
      context.translate(SIDE / 2, SIDE / 2);
      context.scale(scale, scale);
      context.translate(-(first + last) / 2, -(highest + lowest) / 2);
      context.imageSmoothingQuality = "medium"; // as in the view
      context.drawImage(this.#view.photograph, 0, 0);
      context.drawImage(picture, left, top);
    });
    this.choose(0);
  }

  /** Show one in the photograph; -1 = none. */
  choose(number) {
    const answer = this.#found[number];
    this.#view.result = answer ?? null;
    [...$("thumbnails").children].forEach((one, at) => (one.ariaPressed = at === number));
    if (!answer) return;
    $("download").href = answer.address;
    const [stem, suffix] = answer.name;
    $("download").download = stem + (this.#found.length > 1 ? `-${number + 1}` : "") + suffix;
    this.#divide();
  }

  /** Let a place in the photograph be where before and after meet. */
  divideAt(x) {
    const [left, , width] = this.#view.result.box;
    $("split").value = ((x - left) / width - FIRST) / EACH;
    this.#divide();
  }

  #divide() {
    if (!this.#view.result) return;
    const [left, , width] = this.#view.result.box;
    this.#view.split = left + width * (FIRST + EACH * Number($("split").value));
    this.#view.redraw();
  }

  #buttons(count, draw) {
    $("answers").hidden = false;
    $("compared").hidden = this.none;
    const row = $("thumbnails");
    for (let number = row.children.length; number < count; number++) {
      const button = document.createElement("button");
      button.ariaLabel = `Answer ${number + 1}`;
      button.append(sheet(SIDE, SIDE));
      button.addEventListener("click", () => this.choose(number));
      row.append(button);
    }
    for (let number = 0; number < count; number++) {
      draw(row.children[number].firstChild.getContext("2d"), number);
    }
  }
}
