// @ts-check
// The playout tools' side of the overlay, as a classic script, so that it stands before any of them calls: the globals
// update, play, stop and next (CasparCG, SPX) and SPX's template definition. Calls that come before the page is ready
// are kept in order. It never defines window.remove: CasparCG puts its own there.
(function () {
  "use strict";
  /** @type {{name: string, data: unknown}[]} */
  var early = [];
  /** @type {((name: string, data: unknown) => void)|null} */
  var handler = null;

  /** @param {string} name @param {unknown} [data] */
  function call(name, data) {
    if (handler) handler(name, data);
    else if (early.length < 1000) early.push({ name: name, data: data });
  }

  var page = /** @type {any} */ (window);
  page.update = function (/** @type {unknown} */ data) {
    call("update", data);
  };
  page.play = function () {
    call("play");
  };
  page.stop = function () {
    call("stop");
  };
  page.next = function () {
    call("next");
  };
  page.arenaPlayout = {
    /** Take the calls over, the early ones first. @param {(name: string, data: unknown) => void} next */
    attach: function (next) {
      handler = next;
      early.splice(0).forEach(function (kept) {
        next(kept.name, kept.data);
      });
    },
  };
})();

/** @type {any} */ (window).SPXGCTemplateDefinition = {
  description: "Pioneer Arena 先锋擂台",
  playserver: "OVERLAY",
  playchannel: "1",
  playlayer: "2",
  webplayout: "2",
  out: "manual",
  dataformat: "json",
  steps: "4",
  uicolor: "3",
  DataFields: [
    {
      field: "f0",
      ftype: "dropdown",
      title: "Scene (empty: the director's cue)",
      value: "",
      items: [
        { text: "Director's cue", value: "" },
        { text: "Board", value: "board" },
        { text: "Lower third", value: "lower_third" },
        { text: "Result", value: "result" },
        { text: "QR", value: "qr" },
        { text: "Blank", value: "blank" },
      ],
    },
    { field: "f1", ftype: "textfield", title: "Session code", value: "" },
    {
      field: "f2",
      ftype: "dropdown",
      title: "Theme",
      value: "red-blue",
      items: [
        { text: "Red and blue", value: "red-blue" },
        { text: "Gold", value: "gold" },
        { text: "Plain", value: "plain" },
      ],
    },
    {
      field: "f3",
      ftype: "dropdown",
      title: "Language",
      value: "zh",
      items: [
        { text: "中文", value: "zh" },
        { text: "English", value: "en" },
        { text: "中文 + English", value: "both" },
      ],
    },
    { field: "f4", ftype: "textfield", title: "Address of the arena (only where this page is a copy)", value: "" },
    { field: "f5", ftype: "textfield", title: "Lower third: keys of contestants, such as red,blue", value: "" },
  ],
};
