// @ts-check
// The head of a session's screen and the strip of its health: line, server clock, people, overlays that answer.

/** @import { Context } from "./context.js" */
/** @import { Tab, View } from "./desk.js" */
import { clockText } from "../lib/format.js";
import { wordFor } from "./context.js";
import { button, h, setAttribute, setText } from "./dom.js";
import { isStale } from "../lib/store.js";
import { overlayBeats } from "./model.js";
import { openRehearsalDialog } from "./rehearsal_dialog.js";

/** @type {readonly Tab[]} */
const TABS = ["air", "edit", "share"];

/**
 * @param {Context} context
 * @param {string} code
 * @param {HTMLElement} identity
 * @param {{tab: (tab: Tab) => void, hall: () => void, hotkeys: (on: boolean) => void}} actions
 */
export function deskHead(context, code, identity, actions) {
  const { t, can, go, me } = context;
  const title = h("h1", { class: "desk-title", text: code });
  const status = h("span", { class: "chip" });
  const mark = h("strong", { class: "rehearsal", testid: "rehearsal", hidden: true, text: t("rehearsal_mark") });
  const rehearse = button({ class: "quiet", testid: "rehearse", text: t("rehearse") }, () => openRehearsalDialog(context, code));
  rehearse.hidden = !can.has("edit");
  const tabs = TABS.filter((tab) => tab !== "edit" || can.has("edit")).map((tab) => ({
    tab, node: button({ class: "tab", testid: `tab-${tab}`, text: t(`tab_${tab}`) }, () => actions.tab(tab)),
  }));
  const root = h("header", { class: "top" },
    // A token for one session has no list to go back to.
    me.session !== null ? null : button({ class: "quiet", testid: "back", "aria-label": t("back_to_list") }, () => go(null), h("span", { "aria-hidden": "true", text: "‹ " }), h("span", { class: "wide-only", text: t("sessions") })),
    h("div", { class: "titles" }, mark, title, h("code", { class: "code", testid: "code", text: code }), status),
    h("nav", { class: "tabs", "aria-label": t("console") }, ...tabs.map(({ node }) => node)),
    rehearse,
    button({ class: "quiet", testid: "hall-qr" }, actions.hall, h("span", { text: t("hall_qr") }), h("kbd", { text: "H" })),
    identity);
  return {
    root,
    /** @param {View} view @param {Tab} open */
    update(view, open) {
      setText(title, view.session.title || code);
      mark.hidden = !view.session.rehearsal;
      root.toggleAttribute("data-rehearsal", view.session.rehearsal);
      setText(status, wordFor(t, `status_${view.session.status}`));
      setAttribute(status, "class", `chip status-${view.session.status}`);
      for (const { tab, node } of tabs) setAttribute(node, "aria-current", tab === open ? "page" : null);
    },
  };
}

/**
 * @param {Context} context
 * @param {(on: boolean) => void} setHotkeys
 * @param {HTMLElement[]} more switches before that of the keys
 */
export function healthStrip({ t, language }, setHotkeys, more) {
  const line = h("span", { class: "value", testid: "connection" });
  const clock = h("span", { class: "value", testid: "server-clock" });
  const online = h("span", { class: "value", testid: "online" });
  const unique = h("span", { class: "value", testid: "unique" });
  const beats = h("span", { class: "value", testid: "overlays" });
  const revision = h("span", { class: "value", testid: "revision" });
  const workers = h("span", { class: "value", testid: "workers" });
  let on = true;
  const keys = button({ class: "quiet small", testid: "hotkeys", "aria-pressed": "true" }, () => setHotkeys(!on));
  /** @param {string} label @param {HTMLElement} value @param {string} [name] */
  const item = (label, value, name = "") => h("span", { class: `health-item ${name}` }, h("span", { class: "label", text: label }), value);
  const lineItem = h("span", { class: "health-item line" }, line);
  const workersItem = item(t("workers"), workers, "workers");
  const root = h("footer", { class: "health" }, lineItem, item(t("online"), online), item(t("unique"), unique),
    item(t("overlays"), beats, "beats"), item(t("server_clock"), clock, "clock"), item(t("revision"), revision, "revision"), workersItem, h("span", { class: "switches" }, ...more, keys));
  return {
    root,
    /** @param {View} view */
    update(view) {
      const { connection, tally, round_trip_ms } = view.live;
      const state = view.away && connection.status !== "stopped" && connection.status !== "connecting" ? "waiting" : connection.status;
      const trip = state === "live" && round_trip_ms !== null ? ` ${Math.max(1, Math.round(round_trip_ms))} ms` : "";
      setText(line, `${state === "live" ? "●" : state === "polling" ? "◐" : "○"} ${t(`connection_${state}`)}${trip}`);
      const old_s = tally !== null && isStale(tally, view.now_ms) ? Math.floor((view.now_ms - tally.server_time_ms) / 1000) : 0;
      if (old_s > 0) setText(line, `⚠ ${t("data_stale", { s: old_s })}`);
      setAttribute(lineItem, "data-state", old_s > 0 ? "waiting" : state);
      setText(clock, clockText(view.now_ms, language, "Asia/Shanghai"));
      setText(online, tally === null ? "—" : String(tally.audience.online));
      setText(unique, tally === null ? "—" : String(tally.audience.unique));
      setText(revision, tally === null ? "—" : `${tally.epoch}-${tally.version}`);
      const cluster = tally?.staff?.cluster;
      workersItem.hidden = cluster === undefined;
      if (cluster !== undefined) {
        setText(workers, cluster.redis === "ok" ? String(cluster.workers) : `${cluster.workers} · ${t("redis_away")}`);
        setAttribute(workers, "data-bad", cluster.redis === "ok" ? null : "true");
      }
      const seen = overlayBeats(tally, view.now_ms);
      const answering = seen.filter((beat) => beat.answers).length;
      setText(beats, seen.length === 0 ? "0" : `${answering}/${seen.length}`);
      setAttribute(beats, "data-bad", seen.length > answering ? "true" : null);
      const lines = seen.map((beat) => `${beat.name || beat.id}${beat.verified ? "" : ` · ${t("overlay_unverified")}`}${beat.visible ? "" : ` · ${t("overlay_hidden")}`} · ${beat.scene} · ${beat.version ?? "?"} · ${beat.fps ?? "?"} fps${beat.answers ? "" : ` · ${t("overlay_silent", { s: beat.silent_s })}`}`);
      setAttribute(beats, "title", lines.join("\n") || t("no_overlays"));
      on = view.hotkeys;
      setText(keys, t(on ? "hotkeys_on" : "hotkeys_off"));
      setAttribute(keys, "aria-pressed", String(on));
    },
  };
}
