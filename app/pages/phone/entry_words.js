// @ts-check
// The words about getting in: tickets, WeChat, work. Chinese and English.

export const ENTRY_WORDS = /** @type {const} */ ({
  ticket_required: ["本渠道凭票投票", "A ticket is needed here"],
  ticket_required_more: ["请扫描票上的二维码，或输入票号。", "Scan the code on your ticket, or type it."],
  ticket_not_found: ["没有找到这张票", "This ticket is not known"],
  ticket_not_found_more: ["请对照票面核对后再输入。", "Check it against the paper and try again."],
  ticket_used: ["这张票已在另一部手机上使用", "This ticket was used on another phone"],
  ticket_used_at: ["使用时间 {time}。如非本人使用，请联系现场工作人员。", "Used at {time}. If that was not you, ask an usher."],
  ticket_void: ["这张票已作废", "This ticket was withdrawn"],
  ticket_void_more: ["请向现场工作人员换票。", "Ask an usher for another."],
  wechat_required: ["本渠道需用微信登录", "Signing in by WeChat is needed here"],
  wechat_required_more: ["请在微信中打开本页并登录。", "Open this page in WeChat and sign in."],
  session_ended: ["本场活动已结束", "This session is over"],
  session_ended_more: ["个人数据已按公布的日期销毁。", "Its personal data was destroyed on the published date."],
  too_many: ["正在排队进入", "Waiting to get in"],
  too_many_more: ["同一网络进入的人很多，请保留本页，会自动重试。", "Many are joining from this network. Stay on this page; it tries again by itself."],
  working: ["正在进入…", "Getting in…"],
  ticket_label: ["票号", "Ticket"],
  ticket_submit: ["用票进入", "Use this ticket"],
  wechat_go: ["微信登录", "Sign in by WeChat"],
  goes_on: ["您仍可按原来的身份参与。", "You can still take part as before."],
});
