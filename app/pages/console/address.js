// @ts-check
// The console's address: `#token=…&session=CODE`. What stands behind the # never reaches a server or its log. Pure.

/** The key under which the token lives in sessionStorage; the report of the same tab reads it too. */
export const TOKEN_KEY = "arena.console.token";

/**
 * @param {string} hash location.hash
 * @returns {{token: string|null, session: string|null}}
 */
export function readHash(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/u, ""));
  const token = (parts.get("token") ?? "").trim();
  const session = (parts.get("session") ?? "").trim().toUpperCase();
  return { token: token === "" ? null : token, session: /^[A-Z0-9]{4,12}$/u.test(session) ? session : null };
}

/**
 * The hash that may stay in the address bar: never a token.
 * @param {string|null} session
 */
export function sessionHash(session) {
  return session === null ? "" : `#session=${session}`;
}

/**
 * Read a token out of what somebody pasted: the bare token or a whole console link.
 * @param {string} pasted
 * @returns {{token: string|null, session: string|null}}
 */
export function readPasted(pasted) {
  const plain = pasted.trim();
  const at = plain.indexOf("#");
  if (at >= 0) return readHash(plain.slice(at));
  return { token: plain === "" ? null : plain, session: null };
}

/**
 * The link that gives a role its console, or an overlay its page.
 * @param {string} origin
 * @param {{role: string, token: string}} made
 * @param {string} code
 */
export function staffLink(origin, { role, token }, code) {
  if (role === "overlay") return `${origin}/overlay/${code}?token=${encodeURIComponent(token)}`;
  return `${origin}/console#session=${code}&token=${encodeURIComponent(token)}`;
}
