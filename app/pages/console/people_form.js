// @ts-check
// The contestants' part of the forms: two sides in a pk, a list otherwise, each with a portrait from a file or an address.
// It writes into the draft it is given and never sends anything.

/** @import { PersonDraft, SessionDraft } from "./drafts.js" */
/** @import { Field } from "./fields.js" */
/** @import { Words } from "./context.js" */
import { button, h, setAttribute, setText, show } from "./dom.js";
import { emptyPerson } from "./drafts.js";
import { choiceField, textField } from "./fields.js";
import { scaledPortrait } from "./portrait.js";

/**
 * @param {SessionDraft} draft
 * @param {Words} t
 * @param {Map<string, Field>} fields filled with each field by name, for complaints
 * @param {() => void} redraw asked for where a person comes or goes
 * @returns {HTMLElement}
 */
export function peopleForm(draft, t, fields, redraw) {
  const cards = draft.contestants.map((person, index) => personCard(draft, person, index, t, fields, redraw));
  const add = draft.kind === "pk" ? null : button({ class: "quiet", testid: "add-person", text: t("add_person") }, () => {
    draft.contestants.push(emptyPerson());
    redraw();
  });
  return h("section", { class: "form-part", "aria-label": t("form_contestants") },
    h("h2", { text: t("form_contestants") }), h("div", { class: "people" }, ...cards), add);
}

/**
 * @param {SessionDraft} draft
 * @param {PersonDraft} person
 * @param {number} index
 * @param {Words} t
 * @param {Map<string, Field>} fields
 * @param {() => void} redraw
 */
function personCard(draft, person, index, t, fields, redraw) {
  const pk = draft.kind === "pk";
  const side = index === 0 ? "red" : "blue";
  const heading = pk ? t(index === 0 ? "red_side" : "blue_side") : t("person_n", { n: index + 1 });
  /** @param {"name"|"title"|"organisation"|"sector"|"slogan"} key @param {string} label */
  const text = (key, label) => {
    const field = textField({ label, name: `person-${index}-${key}`, value: person[key], max: 80 }, (value) => { person[key] = value; });
    fields.set(`person-${index}-${key}`, field);
    return field.root;
  };
  const role = pk ? choiceField({
    label: t("form_role"), name: `person-${index}-role`, value: person.role,
    options: [["", t("role_none")], ["holder", t("role_holder")], ["challenger", t("role_challenger")]],
  }, (value) => { person.role = value; }).root : null;
  const remove = pk || draft.contestants.length <= 2 ? null : button({ class: "quiet small", text: t("remove_person") }, () => {
    draft.contestants.splice(index, 1);
    redraw();
  });
  return h("fieldset", { class: `person ${pk ? side : ""}` },
    h("legend", { text: heading }),
    h("div", { class: "grid" }, text("name", t("form_name")), text("title", t("form_person_title")),
      text("organisation", t("form_organisation")), role),
    h("details", {}, h("summary", { text: `${t("form_portrait")} · ${t("optional_more")}` }),
      portraitPart(person, index, t, fields),
      h("div", { class: "grid" }, text("sector", t("form_sector")), text("slogan", t("form_slogan")))),
    remove);
}

/**
 * @param {PersonDraft} person
 * @param {number} index
 * @param {Words} t
 * @param {Map<string, Field>} fields
 */
function portraitPart(person, index, t, fields) {
  const picture = h("img", { class: "portrait", alt: "", width: 72, height: 72, hidden: person.portrait_url === "" });
  if (person.portrait_url !== "") picture.src = person.portrait_url;
  const note = h("span", { class: "note", role: "status" });
  const isData = person.portrait_url.startsWith("data:");
  const address = textField({
    label: t("form_portrait_url"), name: `person-${index}-portrait`, value: isData ? "" : person.portrait_url, type: "url",
    placeholder: "https://", max: 2000,
  }, (value) => {
    person.portrait_url = value.trim();
    showPicture(value.trim());
  });
  fields.set(`person-${index}-portrait`, address);
  const file = h("input", { type: "file", accept: "image/*", class: "file", testid: `field-person-${index}-file`, "aria-label": t("form_portrait_file") });
  const clear = button({ class: "quiet small", text: t("form_portrait_clear") }, () => {
    person.portrait_url = "";
    address.input.value = "";
    file.value = "";
    showPicture("");
  });
  /** @param {string} url */
  function showPicture(url) {
    show(picture, url !== "");
    setAttribute(picture, "src", url === "" ? null : url);
    setText(note, "");
  }
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (chosen === undefined) return;
    try {
      const { url, bytes } = await scaledPortrait(chosen);
      person.portrait_url = url;
      address.input.value = "";
      showPicture(url);
      setText(note, t("form_portrait_ready", { kb: Math.ceil(bytes / 1024) }));
    } catch {
      setText(note, t("form_portrait_bad"));
    }
  });
  return h("div", { class: "portrait-part" }, picture, h("div", { class: "stack" }, file, address.root, h("div", { class: "row" }, clear, note)));
}
