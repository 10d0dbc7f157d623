"use strict";
(function () {
  const root = document.documentElement, SVG = document.querySelector("svg")?.namespaceURI;
  const M = { left: 64, right: 12, top: 12, bottom: 28 }, HEIGHT = 280, DAY = 86400;
  const charts = [];
  let zoom = null;
  root.classList.add("js");

  // --- colours
  const THEMES = ["system", "light", "dark"], button = document.getElementById("theme");
  let theme = 0;
  function show() {
    if (theme) root.dataset.theme = THEMES[theme]; else delete root.dataset.theme;
    button.textContent = "Colours: " + THEMES[theme];
  }
  try { theme = Math.max(0, THEMES.indexOf(localStorage.getItem("tradectl-theme"))); } catch { theme = 0; }
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = (theme + 1) % 3;
    try { localStorage.setItem("tradectl-theme", THEMES[theme]); } catch { /* a file may keep nothing */ }
    show();
  });
  show();

  // --- numbers and moments
  function niceTicks(low, high, count) {
    const rough = (high - low) / count;
    if (!(rough > 0) || !isFinite(rough)) return [low];
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map(each => each * power).find(each => each >= rough * (1 - 1e-9));
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i <= Math.floor(high / step + 1e-9); i++) found.push(i * step);
    return found;
  }
  function text(value, unit, step) {
    const scale = unit === "percent" ? 100 : 1;
    let digits = 2;
    if (step) {
      const size = step * scale;
      digits = Math.max(0, -Math.floor(Math.log10(size) + 1e-9));
      if (digits < 6 && Math.abs(size * 10 ** digits - Math.round(size * 10 ** digits)) > 1e-6) digits++;
    } else if (unit === "" && Math.abs(value) < 1) digits = 4;
    const shown = (value * scale).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (/[1-9]/.test(shown) ? shown : shown.replace("-", "")) + (scale === 100 ? " %" : "");
  }
  const stamp = (t, length) => new Date(t * 1000).toISOString().slice(0, length).replace("T", " ");
  const STEPS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
  function timeTicks(start, end, count) {
    const span = end - start;
    const step = STEPS.find(each => span / each <= count);
    const found = [];
    if (step) {
      const length = step >= DAY ? 10 : step >= 60 ? 16 : 19;
      for (let t = Math.ceil(start / step) * step; t <= end; t += step) found.push([t, stamp(t, length)]);
      return found;
    }
    const months = [1, 3, 6, 12, 24, 60, 120, 240, 600].find(each => span / (each * 30.4 * DAY) <= (each % 12 ? count : 2 * count)) || 1200;
    const first = new Date(start * 1000).getUTCFullYear() * 12;
    for (let m = Math.floor(first / months) * months; ; m += months) {
      const date = new Date(0);
      date.setUTCFullYear(Math.floor(m / 12), m % 12, 1);
      const t = date.getTime() / 1000;
      if (t > end) return found;
      if (t >= start) found.push([t, stamp(t, months % 12 ? 7 : 4)]);
    }
  }
  function before(times, t) {
    let low = 0, high = times.length;
    while (low < high) { const mid = (low + high) >> 1; if (times[mid] <= t) low = mid + 1; else high = mid; }
    return low - 1;
  }
  function unpack(series) {
    let sum = 0;
    series.t = series.t.map(each => sum += each);
    return series;
  }

  // --- drawing
  function node(name, attributes, content) {
    const made = document.createElementNS(SVG, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (content !== undefined) made.textContent = content;
    return made;
  }
  function visible(series, start, end) {
    const from = Math.max(0, before(series.t, start - 1e-9)), to = Math.min(series.t.length, before(series.t, end) + 2);
    return [from, to];
  }
  // Of what falls on one pixel the first, lowest, highest and last points are enough.
  function thinned(chart, line, from, to) {
    const points = [], add = i => points.push(chart.x(line.t[i]).toFixed(1) + " " + chart.y(line.v[i]).toFixed(1));
    for (let i = from; i < to;) {
      const column = Math.floor(chart.x(line.t[i]));
      let low = i, high = i, last = i;
      for (; i < to && Math.floor(chart.x(line.t[i])) === column; i++) {
        if (line.v[i] < line.v[low]) low = i;
        if (line.v[i] > line.v[high]) high = i;
        last = i;
      }
      const first = Math.min(low, high), second = Math.max(low, high);
      add(first);
      if (second > first) add(second);
      if (last > second) add(last);
    }
    return points;
  }
  function range(chart) {
    let low = Infinity, high = -Infinity;
    for (const line of [...chart.lines, ...chart.marks]) {
      const [from, to] = visible(line, chart.start, chart.end);
      for (let i = from; i < to; i++) { low = Math.min(low, line.v[i]); high = Math.max(high, line.v[i]); }
    }
    if (low > high) { low = 0; high = 1; }
    const filled = chart.lines.some(line => line.filled);
    if (filled) { low = Math.min(low, 0); high = Math.max(high, 0); }
    const room = (high - low) * 0.04 || Math.abs(high) * 0.01 || 1;
    return [filled && low === 0 ? low : low - room, filled && high === 0 ? high : high + room];
  }
  const SHAPES = { up: "l5 9h-10z", down: "l5 -9h-10z", dot: "m-3 0h6" };
  function draw(chart) {
    const width = Math.max(280, Math.round(chart.canvas.clientWidth || 960)), svg = chart.svg;
    chart.start = zoom ? Math.max(zoom[0], chart.all[0]) : chart.all[0];
    chart.end = zoom ? Math.min(zoom[1], chart.all[1]) : chart.all[1];
    if (!(chart.end > chart.start)) [chart.start, chart.end] = chart.all;
    const [low, high] = range(chart);
    const span = chart.end - chart.start || 1;
    chart.width = width;
    chart.x = t => M.left + (t - chart.start) / span * (width - M.left - M.right);
    chart.y = v => M.top + (high - v) / (high - low) * (HEIGHT - M.top - M.bottom);
    chart.t = x => chart.start + (x - M.left) / (width - M.left - M.right) * span;
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const parts = [], id = "clip-" + chart.key;
    const clip = node("clipPath", { id });
    clip.append(node("rect", { x: M.left, y: 0, width: width - M.left - M.right, height: HEIGHT }));
    parts.push(clip);
    const ticks = niceTicks(low, high, 5), step = ticks.length > 1 ? ticks[1] - ticks[0] : 0;
    for (const value of ticks) {
      const y = chart.y(value).toFixed(1);
      parts.push(node("path", { class: value === 0 ? "zero" : "grid", d: `M${M.left} ${y}H${width - M.right}` }));
      parts.push(node("text", { class: "tick", "text-anchor": "end", x: M.left - 6, y: +y + 4 }, text(value, chart.unit, step)));
    }
    let last = -Infinity;
    for (const [t, label] of timeTicks(chart.start, chart.end, Math.max(2, Math.floor(width / 110)))) {
      const x = chart.x(t), half = label.length * 3.4;
      if (x - half < last || x + half > width) continue;
      last = x + half + 8;
      parts.push(node("text", { class: "tick", "text-anchor": "middle", x: x.toFixed(1), y: HEIGHT - 8 }, label));
    }
    const inner = node("g", { "clip-path": `url(#${id})` });
    chart.lines.forEach((line, index) => {
      const [from, to] = visible(line, chart.start, chart.end);
      const points = thinned(chart, line, from, to);
      if (!points.length) return;
      const path = "M" + points.join("L"), zero = chart.y(0).toFixed(1);
      if (line.filled) inner.append(node("path", { class: "area c" + index % 8,
        d: `${path}L${chart.x(line.t[to - 1]).toFixed(1)} ${zero}L${chart.x(line.t[from]).toFixed(1)} ${zero}Z` }));
      inner.append(node("path", { class: "line c" + index % 8, d: path }));
    });
    for (const marks of chart.marks) {
      const [from, to] = visible(marks, chart.start, chart.end);
      let path = "";
      for (let i = from; i < to; i++) path += `M${chart.x(marks.t[i]).toFixed(1)} ${chart.y(marks.v[i]).toFixed(1)}${SHAPES[marks.shape]}`;
      if (path) inner.append(node("path", { class: "mark " + marks.shape, d: path }));
    }
    parts.push(inner);
    chart.picked = node("rect", { class: "picked", y: M.top, height: HEIGHT - M.top - M.bottom, width: 0 });
    chart.cross = node("path", { class: "cross", d: "" });
    svg.replaceChildren(...parts, chart.picked, chart.cross);
    if (chart.cursor >= chart.start && chart.cursor <= chart.end) cross(chart);
  }

  // --- crosshair and zoom
  function cross(chart) {
    const x = chart.x(chart.cursor).toFixed(1);
    chart.cross.setAttribute("d", `M${x} ${M.top}V${HEIGHT - M.bottom}`);
  }
  function tell(chart, t) {
    const values = chart.lines.map(line => {
      const i = before(line.t, t);
      return i < 0 ? "" : (chart.lines.length > 1 ? line.name + " " : "") + text(line.v[i], chart.unit);
    }).filter(Boolean);
    chart.readout.textContent = stamp(t, 16) + " UTC: " + values.join(", ");
  }
  function point(chart, t) {
    const lead = chart.lines.reduce((best, line) => line.t.length > best.t.length ? line : best);
    const at = Math.max(0, before(lead.t, t));
    const near = at + 1 < lead.t.length && lead.t[at + 1] - t < t - lead.t[at] ? at + 1 : at;
    chart.cursor = Math.min(Math.max(lead.t[near], chart.start), chart.end);
    chart.index = near;
    chart.lead = lead;
    cross(chart);
    tell(chart, lead.t[near]);
  }
  function setZoom(start, end) {
    zoom = start === undefined ? null : [start, end];
    charts.forEach(draw);
  }
  function scale(chart, factor) {
    const middle = chart.cursor === undefined ? (chart.start + chart.end) / 2 : chart.cursor;
    const half = (chart.end - chart.start) * factor / 2;
    if (half < 1) return;
    const start = Math.max(chart.all[0], middle - half), end = Math.min(chart.all[1], middle + half);
    if (start <= chart.all[0] && end >= chart.all[1]) setZoom(); else setZoom(start, end);
    if (chart.cursor !== undefined) point(chart, chart.cursor);
  }
  function across(chart, event) {
    const box = chart.svg.getBoundingClientRect();
    return (event.clientX - box.left) / box.width * chart.width;
  }
  function place(chart, event) {
    return Math.min(Math.max(across(chart, event), M.left), chart.width - M.right);
  }

  // --- fingers: what lies under them stays under them; up and down the page scrolls as ever
  const APART = 16;
  function anchor(chart) {
    for (const finger of chart.fingers.values()) finger.t = chart.t(finger.x);
  }
  function follow(chart) {
    const [a, b] = chart.fingers.values(), whole = chart.all[1] - chart.all[0];
    const width = chart.width - M.left - M.right;
    let span = chart.end - chart.start;
    if (b && Math.abs(b.x - a.x) >= APART) {
      const wanted = (b.t - a.t) / (b.x - a.x) * width;
      if (wanted > 0) span = Math.min(Math.max(wanted, 2), whole);
    }
    const x = b ? (a.x + b.x) / 2 : a.x, t = b ? (a.t + b.t) / 2 : a.t;
    const start = Math.min(Math.max(t - (x - M.left) / width * span, chart.all[0]), chart.all[1] - span);
    if (span < whole) setZoom(start, start + span); else setZoom();
  }
  function touch(chart) {
    const svg = chart.svg, fingers = chart.fingers = new Map();
    const read = event => point(chart, chart.t(place(chart, event)));
    svg.addEventListener("pointerdown", event => {
      if (event.pointerType !== "touch" || fingers.size > 1) return;
      svg.setPointerCapture(event.pointerId);  // drawing anew removes whatever was touched
      fingers.set(event.pointerId, { x: across(chart, event) });
      anchor(chart);
      if (fingers.size === 1) read(event);
    });
    svg.addEventListener("pointermove", event => {
      const finger = fingers.get(event.pointerId);
      if (!finger) return;
      finger.x = across(chart, event);
      if (zoom || fingers.size > 1) follow(chart); else read(event);
    });
    for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, event => {
      if (fingers.delete(event.pointerId)) anchor(chart);
    });
  }
  function listen(chart) {
    let from = null;
    chart.svg.addEventListener("pointerdown", event => {
      if (event.button === 0 && event.pointerType !== "touch") from = place(chart, event);
    });
    chart.svg.addEventListener("pointermove", event => {
      if (event.pointerType === "touch") return;
      const x = place(chart, event);
      point(chart, chart.t(x));
      if (from === null) return;
      chart.picked.setAttribute("x", Math.min(from, x));
      chart.picked.setAttribute("width", Math.abs(x - from));
    });
    addEventListener("pointerup", event => {
      if (from === null) return;
      const x = place(chart, event), start = chart.t(Math.min(from, x)), end = chart.t(Math.max(from, x));
      const far = Math.abs(x - from) > 8;
      from = null;
      chart.picked.setAttribute("width", 0);
      if (far) setZoom(start, end);
    });
    chart.svg.addEventListener("dblclick", () => setZoom());
    chart.svg.addEventListener("keydown", event => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
      if (move) {
        if (chart.cursor === undefined) point(chart, chart.start);
        else point(chart, chart.lead.t[Math.min(Math.max(chart.index + move, 0), chart.lead.t.length - 1)]);
      } else if (event.key === "Home") point(chart, chart.start);
      else if (event.key === "End") point(chart, chart.end);
      else if (event.key === "+" || event.key === "=") scale(chart, 0.5);
      else if (event.key === "-") scale(chart, 2);
      else if (event.key === "0" || event.key === "Escape") setZoom();
      else return;
      event.preventDefault();
    });
  }
  function push(label, name, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.setAttribute("aria-label", name);
    made.addEventListener("click", act);
    return made;
  }
  for (const figure of document.querySelectorAll("[data-chart]")) {
    const chart = JSON.parse(figure.querySelector("script").textContent);
    [...chart.lines, ...chart.marks].forEach(unpack);
    const filled = chart.lines.filter(line => line.t.length);
    if (!filled.length) continue;
    chart.lines.forEach(line => { if (!line.t.length) line.v = []; });
    chart.key = figure.dataset.chart;
    chart.canvas = figure.querySelector(".canvas");
    chart.svg = chart.canvas.querySelector("svg");
    chart.all = [Math.min(...filled.map(line => line.t[0])), Math.max(...filled.map(line => line.t[line.t.length - 1]))];
    const title = figure.querySelector("figcaption").textContent, bar = document.createElement("div");
    bar.className = "bar";
    chart.readout = document.createElement("p");
    chart.readout.className = "readout";
    chart.readout.setAttribute("role", "status");
    tell(chart, chart.all[1]);
    bar.append(chart.readout,
      push("+", "Zoom in: " + title, () => scale(chart, 0.5)),
      push("\u2212", "Zoom out: " + title, () => scale(chart, 2)),
      push("All", "Show all: " + title, () => setZoom()));
    chart.canvas.after(bar);
    chart.svg.setAttribute("tabindex", "0");
    chart.svg.setAttribute("aria-roledescription", "chart; arrow keys read values, plus and minus zoom, 0 shows all");
    charts.push(chart);
    root.classList.add("charts");
    draw(chart);
    listen(chart);
    touch(chart);
  }
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => charts.forEach(draw), 100); });
})();
