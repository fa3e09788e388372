// @ts-check
// The audit trail as lines people read, and which entries are still to be fetched. Pure.

/** @import { AuditEntry, Language } from "./types.js" */
import { WORDS } from "./words.js";

/** @type {ReadonlyMap<string, readonly [zh: string, en: string]>} */
const ACTIONS = new Map(
  /** @type {[string, readonly [string, string]][]} */ ([
    ["open", ["开启", "opened"]], ["pause", ["暂停", "paused"]], ["resume", ["恢复", "resumed"]], ["lock", ["截止", "locked"]],
    ["reveal", ["揭晓", "revealed"]], ["certify", ["核票认定", "certified"]], ["void", ["作废", "voided"]], ["rerun", ["重投", "ran again"]],
    ["deadline", ["到时", "time is up"]], ["scene", ["切画面", "scene"]], ["preview", ["设预览", "preview"]], ["take", ["切到播出", "took"]],
    ["clear", ["撤下图文", "cleared"]], ["panic", ["紧急清屏", "panic"]], ["panic_released", ["解除紧急清屏", "released the panic"]],
    ["rehearsal_made", ["建立彩排", "made the rehearsal"]], ["rehearsal_purged", ["清除彩排", "purged the rehearsal"]],
    ["session_made", ["新建场次", "made the session"]], ["session_changed", ["修改场次", "edited the session"]],
    ["round_added", ["添加回合", "added a round"]], ["round_changed", ["修改回合", "edited a round"]], ["round_removed", ["删除回合", "removed a round"]],
    ["correction_proposed", ["提出更正", "proposed a correction"]], ["correction_confirmed", ["确认更正", "confirmed a correction"]],
    ["correction_withdrawn", ["撤回更正", "withdrew a correction"]], ["external_tally", ["导入外部数据", "imported an external tally"]],
    ["source_named", ["登记外部来源", "named an external source"]], ["show_made", ["新建栏目", "made a show"]],
    ["tickets_made", ["制作票证", "made tickets"]], ["tickets_voided", ["作废票证", "voided tickets"]], ["ticket_released", ["放行票证", "released a ticket"]],
    ["automation_made", ["添加联动", "added an automation"]], ["automation_changed", ["修改联动", "changed an automation"]],
    ["automation_removed", ["删除联动", "removed an automation"]], ["automation_tested", ["试发联动", "tested an automation"]],
    ["refused", ["被拒绝", "was refused"]], ["session_purged", ["清除数据", "purged the session"]],
    ["token_made", ["生成令牌", "made a token"]], ["token_revoked", ["撤销令牌", "revoked a token"]],
  ]),
);

/** @type {ReadonlyMap<string, readonly [zh: string, en: string]>} */
const ROLES = new Map(
  /** @type {[string, readonly [string, string]][]} */ ([
    ["producer", ["编导", "producer"]], ["director", ["导播", "director"]], ["scrutineer", ["监票员", "scrutineer"]],
    ["overlay", ["图文", "overlay"]], ["admin", ["管理员", "admin"]], ["clock", ["时钟", "clock"]],
  ]),
);

/**
 * @param {AuditEntry} entry
 * @param {Language} language
 * @returns {{who: string, what: string, more: string}}
 */
export function auditLine(entry, language) {
  const column = language === "zh" ? 0 : 1;
  const action = ACTIONS.get(entry.action)?.[column] ?? entry.action;
  const role = ROLES.get(entry.role)?.[column] ?? entry.role;
  const round = entry.round === null || entry.round === undefined ? "" : language === "zh" ? `第${entry.round}回合 ` : `round ${entry.round} `;
  const more = [change(entry.before, entry.after, column), short(entry.detail)].filter((text) => text !== "").join(" · ");
  const who = entry.actor === "" || entry.actor === entry.role ? role : `${role} ${entry.actor}`;
  return { who, what: round + action, more };
}

/**
 * "投票中 → 已截止" where a phase or a scene changed; nothing otherwise.
 * @param {unknown} before
 * @param {unknown} after
 * @param {0|1} column
 */
function change(before, after, column) {
  const from = word(before, column);
  const to = word(after, column);
  if (to === "" || from === to) return "";
  return from === "" ? to : `${from} → ${to}`;
}

/** @param {unknown} value @param {0|1} column */
function word(value, column) {
  if (typeof value !== "object" || value === null) return "";
  const given = /** @type {Record<string, unknown>} */ (value);
  for (const kind of ["phase", "scene"]) {
    const named = given[kind];
    if (typeof named !== "string") continue;
    const key = `${kind}_${named}`;
    return key in WORDS ? WORDS[/** @type {keyof typeof WORDS} */ (key)][column] : named;
  }
  return "";
}

/** @param {unknown} detail */
function short(detail) {
  if (detail === null || detail === undefined || detail === "") return "";
  if (typeof detail === "string") return detail.slice(0, 120);
  const given = /** @type {Record<string, unknown>} */ (detail);
  if (typeof given !== "object") return String(detail);
  return Object.entries(given)
    .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value) && value !== "")
    .map(([key, value]) => (key === "reason" ? String(value) : `${key} ${String(value)}`))
    .join(", ").slice(0, 120);
}

/**
 * Add what a fetch brought: newest first, none twice, at most `most`.
 * @param {readonly AuditEntry[]} held newest first
 * @param {readonly AuditEntry[]} came in any order
 * @param {number} [most]
 * @returns {AuditEntry[]}
 */
export function mergeTrail(held, came, most = 200) {
  const byId = new Map(held.map((entry) => [entry.id, entry]));
  for (const entry of came) byId.set(entry.id, entry);
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, most);
}
