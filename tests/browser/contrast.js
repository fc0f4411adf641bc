// What on this page has too little contrast: lines "what ratio of needed: element, ink on ground". One element of each
// kind (its classes and those around it) is looked at in focus, and marked for the pointer.
() => {
  const kinds = new Set();
  const first = (element) => {
    const kind = [element, element.parentElement, element.closest("[class]")].map((one) => one?.tagName + (one?.getAttribute("class") || "")).join(" ");
    return !kinds.has(kind) && kinds.add(kind);
  };
  const parse = (value) => {
    const parts = value.match(/rgba?\(([^)]+)\)/)[1].split(/[ ,/]+/).map(Number);
    return [...parts.slice(0, 3), parts[3] === undefined ? 1 : parts[3]];
  };
  const over = (ink, ground) => [0, 1, 2].map((i) => ink[i] * ink[3] + ground[i] * (1 - ink[3])).concat(1);
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((x) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  // The ground under an element: its own and its ancestors' backgrounds, one over the other, down to an opaque one.
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      layers.push(parse(getComputedStyle(one).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden" && !element.closest(".vh, .sprite");
  };
  const found = new Set();
  const check = (what, element, ink, below, needed) => {
    const measured = ratio(over(ink, below), below);
    if (measured < needed - 0.005) {
      const name = `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""}`;
      found.add(`${what} ${measured.toFixed(2)} of ${needed}: ${name}, ${ink.slice(0, 3)} on ${below.slice(0, 3)}`);
    }
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !shown(element) || element.matches("script, style, option, title, desc")) continue;
    const style = getComputedStyle(element);
    const drawing = element.ownerSVGElement;
    const onBar = drawing && element.classList.contains("inv");
    const below = onBar ? parse(getComputedStyle(document.querySelector(".tl-bar")).fill) : ground(drawing || element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    check("text", element, parse(drawing ? style.fill : style.color), below, large ? 3 : 4.5);
  }
  for (const element of document.querySelectorAll("input:not([type=radio], [type=checkbox]), select, textarea, .btn")) {
    if (!shown(element)) continue;
    const below = ground(element.parentElement);
    const solid = ratio(ground(element), below) >= 3;
    if (!solid) check("border", element, parse(getComputedStyle(element).borderTopColor), below, 3);
    if (element.placeholder) check("placeholder", element, parse(getComputedStyle(element, "::placeholder").color), ground(element), 4.5);
  }
  for (const element of document.querySelectorAll(".shape")) {
    if (shown(element)) check("shape", element, parse(getComputedStyle(element).fill), ground(element.parentElement), 3);
  }
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
    if (!shown(element) || !first(element)) continue;
    element.dataset.pointed = "";
    element.focus({ focusVisible: true, preventScroll: true });
    const style = getComputedStyle(element);
    const ring = style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2 ? [0, 0, 0, 0] : parse(style.outlineColor);
    check("focus ring", element, ring, ground(element.parentElement), 3);
  }
  return [...found];
}
