// @ts-check
// The channels' part of the edit form: name, delay, weight, and how people join. It writes into the drafts it is given and
// never sends anything.

/** @import { Channel, ChannelDraft } from "./channel_drafts.js" */
/** @import { Field } from "./fields.js" */
/** @import { Words } from "./context.js" */
import { button, h } from "./dom.js";
import { anotherChannel, CHANNELS_MAX } from "./channel_drafts.js";
import { choiceField, textField } from "./fields.js";

/**
 * @param {ChannelDraft[]} drafts
 * @param {Words} t
 * @param {Map<string, Field>} fields filled with each field by name, for complaints
 * @param {() => void} redraw asked for where a channel comes or goes
 * @returns {HTMLElement}
 */
export function channelsForm(drafts, t, fields, redraw) {
  const add = button({ class: "quiet", testid: "add-channel", text: t("add_channel") }, () => {
    drafts.push(anotherChannel(drafts, { venue: t("channel_venue"), panel: t("channel_panel") }));
    redraw();
    // No input has happened in a field, and yet there is something to save.
    add.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return h("section", { class: "form-part" }, h("h2", { text: t("form_channels") }), h("p", { class: "note", text: t("form_channels_note") }),
    ...drafts.map((draft) => channelRow(drafts, draft, t, fields, redraw)), drafts.length < CHANNELS_MAX ? h("div", { class: "row" }, add) : null);
}

/**
 * @param {ChannelDraft[]} drafts
 * @param {ChannelDraft} draft
 * @param {Words} t
 * @param {Map<string, Field>} fields
 * @param {() => void} redraw
 */
function channelRow(drafts, draft, t, fields, redraw) {
  /** @param {"name"|"delay"|"weight"} key @param {string} label @param {string} [inputmode] */
  const text = (key, label, inputmode) => {
    const field = textField({ label, name: `channel-${draft.key}-${key}`, value: draft[key], inputmode, max: key === "name" ? 32 : 5 }, (value) => { draft[key] = value; });
    fields.set(`channel-${draft.key}-${key}`, field);
    return field.root;
  };
  const identity = choiceField({
    label: t("form_channel_identity"), name: `channel-${draft.key}-identity`, value: draft.identity,
    options: [["device", t("identity_device")], ["ticket", t("identity_ticket")], ["wechat", t("identity_wechat")]],
  }, (value) => { draft.identity = /** @type {Channel["identity"]} */ (value); });
  const remove = button({ class: "quiet small", "aria-label": `${t("remove_channel")} ${draft.name}`, text: t("remove_channel") }, () => {
    drafts.splice(drafts.indexOf(draft), 1);
    remove.dispatchEvent(new Event("change", { bubbles: true }));
    redraw();
  });
  return h("div", { class: "channel-row", role: "group", "aria-label": draft.name || draft.key, testid: `channel-${draft.key}` },
    h("code", { text: draft.key }), text("name", t("form_channel_name")), text("delay", t("form_channel_delay"), "numeric"),
    text("weight", t("form_channel_weight"), "numeric"), identity.root, drafts.length > 1 ? remove : h("span"));
}
