// Elements of the page: by their name, new ones, and words that change only when they differ.

export const $ = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

const AT_END_PIXELS = 60;

// Keeps `box` at its end, unless whoever reads in it has scrolled up. Call the result when something was added: it is
// laid out once for what is drawn together. With `always` it goes to the end wherever it was.
export function follow(box) {
  let follows = true;
  let isDue = false;
  let last = 0;
  // what was added since a scroll of ours does not take anybody away from the end: only they themselves do
  box.addEventListener("scroll", () => {
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PIXELS;
    follows = isAtEnd || (follows && box.scrollTop >= last);
    last = box.scrollTop;
  });
  return ({ always = false } = {}) => {
    follows ||= always;
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (!follows) return;
      box.scrollTop = box.scrollHeight;
      last = box.scrollTop;
    });
  };
}
