"use strict";
(() => {
  const specs = JSON.parse(document.getElementById("charts").textContent);
  const still = { mode: "vega-lite", renderer: "svg", actions: false, defaultStyle: false, ast: true };
  const fitted = (spec, width) => {
    // A narrow page leaves less room for names beside the plot.
    if (width >= 480) return spec;
    const { axis, legend } = spec.config;
    spec.config = { ...spec.config, axis: { ...axis, labelLimit: 110 }, legend: { ...legend, labelLimit: 70 } };
    return spec;
  };
  const draw = async (spec, index) => {
    const place = document.getElementById(`chart-${index}`);
    try {
      await window.vegaEmbed(place, fitted(spec, place.clientWidth), still);
      place.dataset.drawn = "true";
    } catch (error) {
      place.textContent = "This chart could not be drawn; its numbers are below.";
      console.error(`chart ${index}`, error);
    }
  };
  Promise.all(specs.map(draw)).then(() => { document.documentElement.dataset.charts = String(specs.length); });
})();
