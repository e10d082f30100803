"use strict";

// Two pictures of a face, of which the left one is cut off at a line.
for (const viewer of document.querySelectorAll(".viewer")) {
  const {step, pictures, faces} = JSON.parse(viewer.querySelector("script").textContent);
  const stage = viewer.querySelector(".stage");
  const [right, left] = stage.querySelectorAll(".tile");
  const [toLeft, toRight] = viewer.querySelectorAll("select");
  const range = viewer.querySelector("[type=range]");

  const draw = (tile, face, picture) => {
    const [original, hole] = tile.querySelectorAll("use");
    for (const piece of [original, hole]) piece.setAttribute("y", -face.row * step);
    hole.setAttribute("x", -picture * step);
  };
  const cut = () => {
    const [one, other] = [toLeft, toRight].map(select => pictures[select.value]);
    stage.style.setProperty("--cut", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} % ${one}, the rest ${other}`);
  };
  const show = () => {
    const face = faces[viewer.querySelector(":checked[type=radio]").value];
    draw(left, face, toLeft.value);
    draw(right, face, toRight.value);
    viewer.querySelectorAll("td").forEach((cell, place) => {
      cell.textContent = face.figures[place];
    });
    viewer.querySelector("output").textContent = face.name;
    cut();
  };
  // A line that moves is not told again and again to who listens.
  viewer.addEventListener("input", event => (event.target === range ? cut : show)());

  const follow = event => {
    const box = stage.getBoundingClientRect();
    range.value = Math.round(100 * (event.clientX - box.left) / box.width);
    cut();
  };
  stage.addEventListener("pointerdown", event => {
    stage.setPointerCapture(event.pointerId);
    follow(event);
  });
  stage.addEventListener("pointermove", event => event.buttons && follow(event));
  show();
}

// Pictures of a training, of which one is shown.
for (const film of document.querySelectorAll(".film")) {
  const range = film.querySelector("[type=range]");
  const frames = [...film.querySelectorAll("figure")];
  const show = () => {
    frames.forEach((frame, place) => { frame.hidden = place !== Number(range.value); });
    range.setAttribute("aria-valuetext", frames[range.value].querySelector("figcaption").textContent);
  };
  range?.addEventListener("input", show);
  if (range) show();
}
