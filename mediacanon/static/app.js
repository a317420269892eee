/* What pages gain with JavaScript; without it they work all the same. */
"use strict";

/* A poster that does not come leaves the drawn one under it. */
const dropBroken = (image) => image.remove();
document.addEventListener("error", (event) => event.target instanceof HTMLImageElement && dropBroken(event.target), true);
for (const image of document.querySelectorAll(".poster img")) {
  if (image.complete && !image.naturalWidth) dropBroken(image);
}
