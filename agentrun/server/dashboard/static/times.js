// Times in the zone and the language of whoever reads, and how long calls have been up.
const FORMS = {
  second: { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  minute: { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" },
  hour: { hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", day: "2-digit", month: "short" },
};
// the server's clock may differ from this one
const AHEAD = Date.now() - Date.parse(document.documentElement.dataset.now);

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function showTimes(root) {
  for (const element of root.querySelectorAll("[data-form]")) {
    const time = new Date(element.getAttribute("datetime") || element.dataset.time);
    write(element, time.toLocaleString("en-GB", { ...FORMS[element.dataset.form], hourCycle: "h23" }));
  }
  for (const element of root.querySelectorAll("[data-zone]")) {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const minutes = -new Date().getTimezoneOffset();
    const clock = [Math.abs(minutes) / 60, Math.abs(minutes) % 60].map((part) => String(Math.trunc(part)).padStart(2, "0"));
    write(element, `${timeZone} (UTC${minutes < 0 ? "−" : "+"}${clock.join(":")}), this browser's zone`);
  }
  showDurations(root);
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function showDurations(root) {
  for (const element of root.querySelectorAll("[data-since]")) {
    write(element, `up for ${clock((Date.now() - AHEAD - Date.parse(element.dataset.since)) / 1000)}`);
  }
}

export function startCounting() {
  setInterval(() => showDurations(document), 1000);
}
