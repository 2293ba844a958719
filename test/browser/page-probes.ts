// Questions that are put to a page inside the browser. They are text because the browser runs them, and this program has none
// of its names.

/** Opens whatever is folded. */
export const OPEN_DETAILS = `for (const one of document.querySelectorAll("details")) one.open = true`;

/** How far the page is wider than its window, and what sticks out, if anything does. */
export const OVERFLOW = String.raw`(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 0.5)
    .map((element) => element.tagName + "." + element.className)
    .slice(0, 5)
    .concat("page is " + document.documentElement.scrollWidth + " of " + width);
})()`;

/** Texts whose contrast with what is behind them is under 4.5 (WCAG 2.1, 1.4.3), with the contrast. */
export const LOW_CONTRAST = String.raw`(() => {
  const channels = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { rgb, a } = channels(getComputedStyle(at).backgroundColor);
      if (a === 1) return rgb;
      if (a > 0) throw new Error("a background that shines through cannot be judged");
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (text === "" || ["title", "desc", "STYLE"].includes(element.tagName) || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const inPicture = element.namespaceURI.endsWith("svg");
    const badge = element.previousElementSibling;
    const front = channels(inPicture ? style.fill : style.color).rgb;
    const back = element.classList.contains("badge-text") ? channels(getComputedStyle(badge).fill).rgb : behind(element);
    const [one, other] = [luminance(front), luminance(back)];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) low.push(text.slice(0, 40) + ": " + contrast.toFixed(2));
  }
  return low;
})()`;

/** How many texts the visible picture has. */
export const PICTURE_TEXTS = `[...document.querySelectorAll(".timeline > svg")].filter((svg) => svg.getClientRects().length > 0).map((svg) => svg.querySelectorAll("text").length)`;

/** Texts of the visible picture that leave it, or touch one another. */
export const MISPLACED_TEXTS = String.raw`(() => {
  const wrong = [];
  for (const svg of document.querySelectorAll(".timeline > svg")) {
    if (svg.getClientRects().length === 0) continue;
    const { width, height } = svg.viewBox.baseVal;
    const texts = [...svg.querySelectorAll("text")]
      .filter((text) => text.textContent !== "")
      .map((text) => ({ words: text.textContent, box: text.getBBox() }));
    for (const [index, { words, box }] of texts.entries()) {
      if (box.x < -0.5 || box.y < -0.5 || box.x + box.width > width + 0.5 || box.y + box.height > height + 0.5) wrong.push("outside: " + words);
      for (const other of texts.slice(index + 1)) {
        const across = Math.min(box.x + box.width, other.box.x + other.box.width) - Math.max(box.x, other.box.x);
        // A text's box is as high as its font's tallest letters; lines may come so near.
        const down = Math.min(box.y + box.height, other.box.y + other.box.height) - Math.max(box.y, other.box.y);
        if (across > 0.5 && down > 2) wrong.push(words + " touches " + other.words);
      }
    }
  }
  return wrong;
})()`;

/** The first heading's place in the window. */
export const VERDICT_PLACE = `(() => { const { top, bottom, right } = document.querySelector("h1").getBoundingClientRect(); return { top, bottom, right, window: innerHeight, width: innerWidth }; })()`;

/** Everything of the page that could run, or load something. */
export const ACTIVE_PARTS = `[...document.querySelectorAll("script, img, iframe, object, embed, link, [style], [src], [href]")].map((element) => element.outerHTML.slice(0, 80))`;

/** Folded parts whose content takes no room. */
export const FOLDED_AWAY = `[...document.querySelectorAll("section > details")].filter((one) => one.lastElementChild.getBoundingClientRect().height === 0 || one.getBoundingClientRect().height < 60).map((one) => one.querySelector("summary").textContent)`;
