// Runs inside a copy of the report: measures it, has axe-core look at it, and tells the page around it what was found.
(() => {
  const rounded = (number) => Math.round(number * 10) / 10;

  /** A short selector that a person finds the element by. */
  const named = (element) => {
    const parts = [];
    for (let at = element; at && at !== document.body && parts.length < 3; at = at.parentElement) {
      if (at.id) {
        parts.unshift('#' + at.id);
        break;
      }
      parts.unshift(at.localName + [...at.classList].map((name) => '.' + name).join(''));
    }
    return parts.join(' > ');
  };

  /** How large the text of this element is drawn, in CSS pixels: a picture's scale counts. */
  const drawn = (element) => {
    const size = parseFloat(getComputedStyle(element).fontSize);
    const matrix = element.ownerSVGElement && element.getScreenCTM ? element.getScreenCTM() : null;
    return matrix ? size * Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) : size;
  };

  /** All text that is drawn: its element, and the text. */
  const texts = () => {
    const found = [];
    const range = document.createRange();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement;
      range.selectNodeContents(node);
      const isDrawn = range.getClientRects().length && element.checkVisibility({ visibilityProperty: true });
      if (node.data.trim() && isDrawn) found.push({ element, text: node.data.trim() });
    }
    return found;
  };

  /** What `measure` gives for these texts, each value with how often it occurs and where first, the lowest first. */
  const lowest = (texts, measure) => {
    const found = new Map();
    for (const { element, text } of texts) {
      const value = rounded(measure(element));
      const first = { value, count: 0, selector: named(element), text: text.slice(0, 40) };
      const all = found.get(value) ?? first;
      all.count += 1;
      found.set(value, all);
    }
    return [...found.values()].sort((a, b) => a.value - b.value).slice(0, 12);
  };

  /** Red, green and blue from 0 to 1, and opacity. */
  const channels = (colour) => {
    const numbers = (colour.match(/[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
    const [red = 0, green = 0, blue = 0, opacity = 1] = numbers;
    const most = colour.startsWith('color(') ? 1 : 255;
    return [red / most, green / most, blue / most, opacity];
  };

  /** Relative luminance, as WCAG 2.2 defines it. */
  const luminance = (colour) => {
    const linear = colour.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };

  /** The contrast of a picture's text with what is behind the picture. axe-core does not look at pictures. */
  const contrast = (element) => {
    let behind = [1, 1, 1, 1];
    for (let at = element.ownerSVGElement; at; at = at.parentElement) {
      const ground = channels(getComputedStyle(at).backgroundColor);
      if (ground[3] > 0) {
        behind = ground;
        break;
      }
    }
    const style = getComputedStyle(element);
    const fill = channels(style.fill);
    const opacity = fill[3] * parseFloat(style.fillOpacity) * parseFloat(style.opacity);
    const mixed = [0, 1, 2].map((c) => opacity * fill[c] + (1 - opacity) * behind[c]);
    const [dark, light] = [luminance(mixed), luminance(behind.slice(0, 3))].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  /** The first element that reaches beyond the right edge, and is in nothing that scrolls or cuts by itself. */
  const beyond = () => {
    const limit = innerWidth + 0.5;
    const contained = (element) => {
      for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
        if (getComputedStyle(at).overflowX !== 'visible') return true;
      }
      return false;
    };
    const element = [...document.body.querySelectorAll('*')].find(
      (element) => element.getBoundingClientRect().right > limit && !contained(element),
    );
    return element ? named(element) : null;
  };

  /** What axe-core says of one rule, in parts of the same reason: each with its count and its first element. */
  const parts = (result) => {
    const found = new Map();
    for (const node of result.nodes) {
      const check = node.any[0] ?? node.all[0] ?? node.none[0];
      // Colours and sizes in a reason are of one element.
      const reason = (check?.message ?? '').replace(/ of [\d.]+ \(.*?\)/, '');
      const first = { rule: result.id, impact: result.impact, help: result.help, count: 0, reason: check?.message ?? '' };
      const part = found.get(reason) ?? { ...first, selector: node.target.flat().join(' ') };
      part.count += 1;
      found.set(reason, part);
    }
    return [...found.values()];
  };

  addEventListener('load', async () => {
    const page = document.documentElement;
    const look = { height: page.scrollHeight, dark: matchMedia('(prefers-color-scheme: dark)').matches };
    try {
      // What is folded away is read, too.
      for (const details of document.querySelectorAll('details')) details.open = true;
      look.width = innerWidth;
      look.scroll_width = page.scrollWidth;
      look.beyond = page.scrollWidth > innerWidth ? beyond() : null;
      const all = texts();
      look.sizes = lowest(all, drawn);
      look.contrasts = lowest(all.filter(({ element }) => element.ownerSVGElement), contrast);
      const found = await axe.run(document, { iframes: false, resultTypes: ['violations', 'incomplete'] });
      look.axe = found.testEngine.version;
      look.violations = found.violations.flatMap(parts);
      look.undecided = found.incomplete.flatMap(parts);
    } catch (error) {
      look.error = String(error);
    }
    parent.postMessage({ look }, '*');
  });
})();
