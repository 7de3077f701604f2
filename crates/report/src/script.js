"use strict";
(() => {
  const SVG = document.querySelector("svg").namespaceURI;
  const make = (name, attributes, parent) => {
    const drawn = ["svg", "g", "circle", "polyline", "text"].includes(name);
    const element = drawn ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (parent) parent.append(element);
    return element;
  };
  const short = (value) => {
    const size = Math.abs(value);
    if (value === 0) return "0";
    if (size >= 1e6 || size < 1e-3) return value.toExponential(1);
    return String(+value.toPrecision(3));
  };

  // An axis as the drawing says it: two places in the picture, two values, and whether it is logarithmic.
  const axis = (text) => {
    const [from, to, low, high, kind] = text.split(" ").map((word, at) => at < 4 ? +word : word);
    const log = kind === "log";
    const scale = (value) => log ? Math.log10(value) : value;
    return {
      from, to, low, high, log,
      value: (place) => {
        const at = scale(low) + (place - from) / (to - from) * (scale(high) - scale(low));
        return log ? 10 ** at : at;
      },
      place: (value) => from + (scale(value) - scale(low)) / (scale(high) - scale(low)) * (to - from),
    };
  };

  // The corners of a line, the dots of a cloud: where something was measured.
  const corners = (group) => {
    const found = [];
    for (const line of group.querySelectorAll("polyline")) {
      for (const pair of line.getAttribute("points").split(" ")) found.push(pair.split(",").map(Number));
    }
    for (const dot of group.querySelectorAll("circle[r='3']")) {
      found.push([+dot.getAttribute("cx"), +dot.getAttribute("cy")]);
    }
    return found;
  };

  const tip = make("div", { class: "tip", role: "status", hidden: "" }, document.body);

  const readable = (svg) => {
    const x = axis(svg.dataset.x);
    const points = () => [...svg.querySelectorAll("g[data-n]:not([hidden])")].flatMap((group) => {
      const name = group.dataset.n;
      return name ? corners(group).map(([left, top]) => ({ name, left, top })) : [];
    });
    const mark = make("circle", { r: 5, class: "here", visibility: "hidden" }, svg);
    let at = -1;
    const hide = () => { tip.hidden = true; mark.setAttribute("visibility", "hidden"); };
    const show = (point) => {
      const y = axis(svg.dataset.y);
      mark.setAttribute("cx", point.left);
      mark.setAttribute("cy", point.top);
      mark.setAttribute("visibility", "visible");
      const above = point.top <= y.to ? "at least " : "";
      tip.textContent = `${point.name}: ${short(x.value(point.left))}, ${above}${short(y.value(point.top))}`;
      tip.hidden = false;
      const box = mark.getBoundingClientRect();
      const left = Math.min(box.left + 12, document.documentElement.clientWidth - tip.offsetWidth - 8);
      tip.style.left = `${Math.max(8, left) + scrollX}px`;
      tip.style.top = `${box.top - tip.offsetHeight - 6 + scrollY}px`;
    };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const width = svg.viewBox.baseVal.width / box.width;
      const [left, top] = [(event.clientX - box.left) * width, (event.clientY - box.top) * width];
      let best = null, least = 24 ** 2;
      for (const point of points()) {
        const distance = (point.left - left) ** 2 + (point.top - top) ** 2;
        if (distance < least) [best, least] = [point, distance];
      }
      if (best) show(best); else hide();
    });
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
    if (!points().length) return;
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const all = points();
      if (event.key === "Escape") return hide();
      if (!step || !all.length) return;
      event.preventDefault();
      at = (at + step + all.length) % all.length;
      show(all[at]);
    });
  };

  // The same picture with the other kind of y axis.
  const turn = (svg) => {
    const old = axis(svg.dataset.y);
    const next = axis(`${old.from} ${old.to} ${old.log ? 0 : svg.low || old.low} ${old.high} ${old.log ? "linear" : "log"}`);
    if (old.log) svg.low = old.low;
    const moved = (top) => {
      const value = Math.max(old.value(top), next.log ? next.low : -Infinity);
      return Math.round(10 * next.place(value)) / 10;
    };
    const pairs = (text) => text.split(" ").map((pair) => {
      const [left, top] = pair.split(",").map(Number);
      return `${left},${moved(top)}`;
    }).join(" ");
    for (const line of svg.querySelectorAll("g[data-n] polyline, .level polyline")) {
      line.setAttribute("points", pairs(line.getAttribute("points")));
    }
    for (const shape of svg.querySelectorAll("g[data-n] polygon")) {
      const text = shape.getAttribute("points");
      const tops = text.split(" ").map((pair) => +pair.split(",")[1]);
      if (shape.hasAttribute("opacity")) { shape.setAttribute("points", pairs(text)); continue; }
      const by = moved(tops[0]) - tops[0]; // An arrow moves as one.
      shape.setAttribute("points", text.split(" ").map((pair) => {
        const [left, top] = pair.split(",").map(Number);
        return `${left},${top + by}`;
      }).join(" "));
    }
    for (const dot of svg.querySelectorAll("g[data-n] circle")) dot.setAttribute("cy", moved(+dot.getAttribute("cy")));
    for (const name of svg.querySelectorAll(".level text")) name.setAttribute("y", moved(+name.getAttribute("y") - 4) + 4);
    svg.dataset.y = `${next.from} ${next.to} ${next.low} ${next.high} ${next.log ? "log" : "linear"}`;
    const ticks = svg.querySelector(".ticks");
    const plane = axis(svg.dataset.x);
    ticks.replaceChildren();
    let values = [];
    if (next.log) {
      const wide = Math.log10(next.high / next.low) > 2.5;
      for (let power = Math.floor(Math.log10(next.low)); power <= Math.log10(next.high); power++) {
        for (const digit of wide ? [1] : [1, 2, 5]) values.push(digit * 10 ** power);
      }
    } else {
      const rough = (next.high - next.low) / 5, decade = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((digit) => digit * decade).find((size) => size >= rough);
      for (let at = Math.ceil(next.low / step); at * step <= next.high; at++) values.push(at * step);
    }
    for (const value of values.filter((value) => value >= next.low * 0.999 && value <= next.high * 1.001)) {
      const top = next.place(value);
      make("polyline", { points: `${plane.from},${top} ${plane.to},${top}`, class: "stroke-grid", fill: "none" }, ticks);
      const text = make("text", { x: plane.from - 6, y: top + 4, "text-anchor": "end", "font-size": 12, class: "fill-ink" }, ticks);
      text.textContent = short(value);
    }
  };

  for (const svg of document.querySelectorAll("svg.picture[data-x]")) readable(svg);
  for (const figure of document.querySelectorAll("main figure:has(.panels)")) {
    const pictures = [...figure.querySelectorAll("svg.picture[data-y]")];
    // A line is switched off in all panels of its figure.
    for (const entry of figure.querySelectorAll(".legend li")) {
      const button = make("button", { type: "button", "aria-pressed": "true", title: "show or hide" });
      button.append(...entry.childNodes);
      entry.append(button);
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", on);
        for (const group of figure.querySelectorAll(`g.s${entry.dataset.s}`)) group.toggleAttribute("hidden", !on);
      });
    }
    const log = pictures.filter((svg) => / log$/.test(svg.dataset.y) && svg.querySelector("g[data-n] polyline"));
    if (log.length && figure.querySelector(".legend")) {
      const item = make("li", {}, figure.querySelector(".legend"));
      const button = make("button", { type: "button", "aria-pressed": "false" }, item);
      button.textContent = "linear axis";
      button.addEventListener("click", () => {
        log.forEach(turn);
        button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      });
    }
  }

  // A filter over long lists of answers.
  for (const cards of document.querySelectorAll(".cards")) {
    const rows = [...cards.querySelectorAll("tbody tr")];
    if (rows.length < 8) continue;
    const line = make("p", { class: "filter" });
    const label = make("label", {}, line);
    label.textContent = "Show only rows with ";
    const input = make("input", { type: "search", placeholder: "yes, Adam, memory …" }, label);
    const count = make("span", { role: "status", class: "soft" }, line);
    cards.before(line);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let n = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        n += !row.hidden;
      }
      count.textContent = ` ${n} of ${rows.length}`;
    });
  }

  // Descent on the loss of two inputs, with a rate of one's own.
  for (const place of document.querySelectorAll(".play")) {
    const { features, valleys } = JSON.parse(place.dataset.play);
    let valley = valleys[0];
    make("p", {}, place).textContent = "Try it: choose the inputs and the learning rate.";
    const line = make("p", { class: "controls" }, place);
    for (const choice of valleys) {
      const button = make("button", { type: "button", "aria-pressed": choice === valley }, line);
      button.textContent = `${choice.scaling} inputs`;
      button.addEventListener("click", () => {
        valley = choice;
        for (const other of line.querySelectorAll("button")) other.setAttribute("aria-pressed", other === button);
        draw();
      });
    }
    const label = make("label", {}, line);
    label.textContent = "rate, in units of the largest stable one: ";
    const slider = make("input", { type: "range", min: -20, max: 2, value: -1, step: 1 }, label);
    const shown = make("span", { class: "rate" }, label);
    const said = make("p", { role: "status" }, place);
    const size = { width: 340, height: 264, left: 12, right: 328, top: 12, bottom: 230 };
    const svg = make("svg", { class: "picture", viewBox: `0 0 ${size.width} ${size.height}`, role: "img", "aria-label": "descent on the loss of two inputs" }, place);
    const draw = () => {
      const { minimum, curvatures, directions, start, x, y } = valley;
      const across = (value) => size.left + (value - x[0]) / (x[1] - x[0]) * (size.right - size.left);
      const down = (value) => size.bottom - (value - y[0]) / (y[1] - y[0]) * (size.bottom - size.top);
      const far = (number) => Math.max(-500, Math.min(900, number)).toFixed(1);
      const place = ([a, b]) => `${far(across(a))},${far(down(b))}`;
      svg.replaceChildren();
      for (const level of [0.04, 0.16, 0.36, 0.64, 1]) {
        const radius = curvatures.map((curvature) => Math.sqrt(2 * level / curvature));
        const points = Array.from({ length: 97 }, (_, step) => {
          const angle = step / 96 * 2 * Math.PI;
          return [0, 1].map((i) => minimum[i] + Math.cos(angle) * radius[0] * directions[0][i] + Math.sin(angle) * radius[1] * directions[1][i]);
        });
        make("polyline", { points: points.map(place).join(" "), class: "stroke-c6", fill: "none" }, svg);
      }
      const share = 10 ** (slider.value / 10), rate = share * 2 / curvatures[0];
      const loss = (weights) => [0, 1].reduce((sum, axis) => {
        const along = [0, 1].reduce((all, i) => all + (weights[i] - minimum[i]) * directions[axis][i], 0);
        return sum + 0.5 * curvatures[axis] * along * along;
      }, 0);
      const path = [start];
      for (let update = 0; update < 12; update++) {
        const weights = path[path.length - 1];
        const next = [...weights];
        for (const axis of [0, 1]) {
          const along = [0, 1].reduce((all, i) => all + (weights[i] - minimum[i]) * directions[axis][i], 0);
          for (const i of [0, 1]) next[i] -= rate * curvatures[axis] * along * directions[axis][i];
        }
        path.push(next);
      }
      make("polyline", { points: path.map(place).join(" "), class: "stroke-c0", fill: "none", "stroke-width": 2 }, svg);
      for (const weights of path) {
        const [left, top] = place(weights).split(",");
        make("circle", { cx: left, cy: top, r: 3, class: "fill-c0" }, svg);
      }
      const [left, top] = place(minimum).split(",");
      make("circle", { cx: left, cy: top, r: 5, class: "fill-ink" }, svg);
      const label = make("text", { x: 170, y: 254, "text-anchor": "middle", "font-size": 12, class: "fill-ink" }, svg);
      label.textContent = `weights of the inputs ${features[0]} and ${features[1]}`;
      shown.textContent = short(share);
      const left_over = loss(path[12]) / loss(start);
      said.textContent = left_over > 1
        ? `After 12 updates the loss is ${short(left_over)} times what it was: the rate is too high.`
        : `After 12 updates ${short(100 * left_over)} % of the loss is left.`;
    };
    slider.addEventListener("input", draw);
    draw();
  }
})();
