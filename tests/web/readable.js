// What of a page cannot be read: text too faint for its ground (below 4.5, as WCAG AA asks), and controls without a name.
() => {
  const channels = (text) => text.match(/[\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((value, index) => value * a + under[index] * (1 - a));

  function ground(element) {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.unshift(getComputedStyle(one).backgroundColor);
    return layers.map(channels).reduce((under, layer) => over(layer, under), [0, 0, 0]);
  }

  function light(rgb) {
    const linear = rgb.map((value) => value / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return linear.reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  }

  function contrast(element) {
    const back = ground(element);
    const [high, low] = [light(over(channels(getComputedStyle(element).color), back)), light(back)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  }

  const words = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
  const name = (one) => [one.getAttribute("aria-label"), one.getAttribute("aria-labelledby"), one.labels?.length, one.textContent.trim()];
  const seen = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility());
  const faint = seen.filter((one) => words(one) !== "" && !one.matches("option") && contrast(one) < 4.5);
  const nameless = seen.filter((one) => one.matches("button, a, input, select, textarea, canvas, section"))
    .filter((one) => !one.matches("a:empty") && !name(one).some(Boolean));
  return [
    ...faint.map((one) => `faint, ${contrast(one).toFixed(1)}: ${one.tagName} ${one.className} ${words(one)}`.slice(0, 100)),
    ...nameless.map((one) => `nameless: ${one.outerHTML}`.slice(0, 100)),
  ];
}
