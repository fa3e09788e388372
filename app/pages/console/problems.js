// @ts-check
// Turns whatever went wrong into one sentence a producer can act on. Pure. The server's detail is always kept; the title is
// put into Chinese where the code is known.

/** @import { ProblemFields } from "../lib/types.js" */
/** @import { Problem } from "./types.js" */

const UNHEARD = new Map([
  ["unreachable", "The service cannot be reached"],
  ["timeout", "The service did not answer in time"],
]);

const CHINESE_TITLES = new Map([
  ["malformed_json", "请求格式有误"],
  ["token_missing", "需要令牌"],
  ["token_invalid", "令牌无效"],
  ["token_expired", "令牌已过期"],
  ["wrong_role", "这个角色没有此权限"],
  ["wrong_session", "令牌属于另一场次"],
  ["origin_refused", "来源不被允许"],
  ["session_not_found", "没有这个场次"],
  ["round_not_found", "没有这个回合"],
  ["show_not_found", "没有这个栏目"],
  ["not_found", "没有找到"],
  ["command_not_allowed", "现在不能执行这一步"],
  ["rules_frozen", "规则已冻结"],
  ["session_ended", "场次已结束"],
  ["another_round_open", "另一个回合正在播出"],
  ["not_locked", "回合还没有截止"],
  ["not_visible", "结果还不能显示"],
  ["not_certified", "封存计票，须先核票认定"],
  ["same_person", "这一步须由另一个人完成"],
  ["proposal_not_found", "这项更正已被撤回或已生效"],
  ["invalid_correction", "不能这样更正"],
  ["target_not_allowed", "目标不在允许名单里"],
  ["automation_not_found", "没有这项联动"],
  ["code_taken", "短码已被占用"],
  ["conflict", "与当前状态冲突"],
  ["revision_stale", "别人已先操作"],
  ["command_late", "指令到得太晚"],
  ["body_too_large", "内容太大"],
  ["invalid_request", "内容没有被理解"],
  ["invalid_session", "场次内容有误"],
  ["too_many_requests", "操作太频繁"],
  ["overloaded", "服务暂时繁忙"],
  ["unreachable", "连不上服务"],
  ["timeout", "服务没有及时回答"],
]);

/**
 * @param {Problem} problem
 * @param {"zh"|"en"} language
 * @returns {string} one sentence
 */
export function problemSentence(problem, language) {
  const title = language === "zh" ? CHINESE_TITLES.get(problem.code) ?? problem.title : problem.title;
  const detail = problem.detail.trim();
  if (detail === "" || detail === title) return ended(title, language);
  return language === "zh" ? `${title}：${ended(detail, language)}` : `${title}: ${ended(detail, language)}`;
}

/** @param {string} text @param {"zh"|"en"} language */
function ended(text, language) {
  if (/[.。!！?？…]$/u.test(text)) return text;
  return text + (language === "zh" ? "。" : ".");
}

/**
 * Take what the console needs from a refusal as the shared client gives it. A line that failed has no detail worth reading.
 * @param {ProblemFields} fields
 * @returns {Problem}
 */
export function problemFrom(fields) {
  const { code, status } = fields;
  if (status === 0) return { code, status, title: UNHEARD.get(code) ?? code, detail: "" };
  const detail = typeof fields.detail === "string" ? fields.detail : "";
  const { errors, changes } = /** @type {any} */ (fields);
  const problem = { code, status, title: fields.title, detail: detail + complaintsOf(errors) };
  return Array.isArray(changes) ? { ...problem, changes } : problem;
}

/**
 * The first field complaints of a 422, so that the sentence names the field.
 * @param {unknown} errors
 */
function complaintsOf(errors) {
  if (!Array.isArray(errors) || errors.length === 0) return "";
  const said = errors.slice(0, 2).map((error) => {
    if (typeof error !== "object" || error === null) return String(error);
    const where = Array.isArray(error.loc) ? error.loc.filter((/** @type {unknown} */ part) => part !== "body").join(".") : "";
    const what = typeof error.msg === "string" ? error.msg : typeof error.detail === "string" ? error.detail : "";
    return [where, what].filter((part) => part !== "").join(" ");
  });
  return ` (${said.join("; ")})`;
}
