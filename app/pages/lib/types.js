// @ts-check
// The shapes that travel between the service and a page, as JSDoc types: nothing here runs, nothing is loaded.
// Others write `/** @typedef {import("../lib/types.js").TallyDocument} TallyDocument */`. Times are Unix milliseconds
// of the server's clock. The contract itself is docs/api.md; where the two differ, docs/api.md is right.

/** @typedef {"draft"|"open"|"paused"|"closing"|"locked"|"revealed"|"void"} Phase */
/** @typedef {"live"|"after_vote"|"on_lock"|"on_reveal"} Visibility */
/** @typedef {"blank"|"board"|"lower_third"|"result"|"qr"} Scene */

/**
 * @typedef {object} Contestant
 * @property {string} key
 * @property {string} name
 * @property {string} title
 * @property {string} organisation
 * @property {string} sector
 * @property {string} role
 * @property {string} portrait_url
 * @property {string} slogan
 */

/** @typedef {{key: string, name: string}} Choice */

/**
 * @typedef {object} ChoiceTally
 * @property {string} key
 * @property {string} name
 * @property {number} votes
 * @property {string} votes_text
 * @property {number} pct
 * @property {string} pct_text
 * @property {number} likes
 * @property {string} likes_text
 * @property {number} score hundredths of a percent after the channels' weights; 0 where `by` is "votes"
 * @property {string} score_text "53.20", "" where `by` is "votes"
 */

/** What came by one channel. `voided`: not in the totals. */
/** @typedef {{key: string, name: string, weight: number|null, voided: boolean, turnout: number, votes: Record<string, number>, likes: Record<string, number>}} ChannelTally */

/**
 * @typedef {object} Tally
 * @property {ChoiceTally[]} choices
 * @property {number} votes
 * @property {number} likes
 * @property {number} turnout
 * @property {"votes"|"score"} by what `leader` and `tie` go by
 * @property {string|null} leader
 * @property {boolean} tie
 * @property {ChannelTally[]} channels
 * @property {{ballots: number, votes: Record<string, number>}} held counted apart, in no other figure
 * @property {number} corrections how many stand
 */

/**
 * The round as it stands in a tally document.
 * @typedef {object} TallyRound
 * @property {number} number
 * @property {number} run
 * @property {string} title
 * @property {string} question
 * @property {string} dimension
 * @property {Phase} phase
 * @property {Visibility} visibility
 * @property {number|null} opened_at_ms
 * @property {number|null} closes_at_ms
 * @property {number|null} locks_at_ms
 * @property {number|null} locked_at_ms
 * @property {number|null} revealed_at_ms
 * @property {number|null} certified_at_ms
 * @property {number|null} remaining_ms
 * @property {boolean} sealed nobody sees more than the turnout before the certificate
 * @property {number} held ballots held back, also while the tally is hidden
 * @property {number} choices_max
 * @property {boolean} changeable
 * @property {number|null} votes_per_day
 * @property {number} grace_ms
 * @property {number|null} duration_ms
 * @property {string|null} void_reason
 * @property {number} turnout how many took part, also while the tally is hidden
 * @property {Choice[]} choices
 */

/**
 * @typedef {object} TallySession
 * @property {string} code
 * @property {number|null} number
 * @property {string} title
 * @property {string} topic
 * @property {"pk"|"gala"|"poll"} kind
 * @property {"draft"|"live"|"ended"} status
 * @property {boolean} rehearsal
 * @property {string} show
 * @property {boolean} deciding
 * @property {Replay} [replay] only where a past session is played again: nothing counts
 */

/** Which moment of then is shown, and how fast then goes by. @typedef {{at_ms: number, speed: number, paused: boolean}} Replay */

/** `panic`: everything is held blank. `preview`: what is next, null but for the crew. */
/** @typedef {{scene: Scene, panic?: boolean, preview?: Scene|null}} OverlayState */
/**
 * @typedef {{id: string, name: string, verified: boolean, bus: "programme"|"preview", scene: string, version: number, fps: number,
 *   behind_ms: number, stale_ms: number, visible: boolean, seen_at_ms: number}} OverlaySeen
 */
/** @typedef {{kind: string, level: "warning"|"notice", subject: string, name: string, since_ms: number, sentence: string}} DeskWarning */

/**
 * @typedef {object} TallyDocument
 * @property {"tally"} type
 * @property {string} view
 * @property {number} epoch
 * @property {number} version
 * @property {number} server_time_ms when the document was made, not when it was sent
 * @property {number} [stale_after_ms] so long after that it is to be taken as old
 * @property {TallySession} session
 * @property {Contestant[]} contestants
 * @property {TallyRound|null} round
 * @property {Tally|null} tally null while this view may not see it
 * @property {{number: number, title: string, phase: Phase}[]} rounds
 * @property {{likes: number, votes: number}} totals
 * @property {{online: number, unique: number}} audience
 * @property {OverlayState} overlay
 * @property {{overlays: OverlaySeen[], warnings?: DeskWarning[], cluster?: {workers: number, redis: "ok"|"away"}} & Record<string, unknown>} [staff]
 */

/** A rule by which a ballot is held back. @typedef {"too_soon"|"unseen"} Suspicion */

/**
 * A round as it stands in the session document.
 * @typedef {Omit<TallyRound, "turnout"|"held"> & {likes_per_second: number, quarantine: Suspicion[], allowed: string[]}} SessionRound
 */

/** @typedef {{key: string, name: string, delay_ms: number, weight: number|null, identity: "device"|"ticket"|"wechat"}} Channel */

/**
 * @typedef {object} SessionDocument
 * @property {string} code
 * @property {number|null} number
 * @property {string} title
 * @property {string} topic
 * @property {"pk"|"gala"|"poll"} kind
 * @property {"draft"|"live"|"ended"} status
 * @property {boolean} rehearsal
 * @property {string|null} rehearsal_of the code of the session that it rehearses
 * @property {{slug: string, name: string}} show
 * @property {boolean} deciding
 * @property {number|null} starts_at_ms
 * @property {number} created_at_ms
 * @property {number} revision raised by every change but votes
 * @property {number|null} [purge_at_ms] null until the session has ended
 * @property {Channel[]} channels
 * @property {Contestant[]} contestants
 * @property {SessionRound[]} rounds
 * @property {number|null} current_round
 * @property {{command: string, round: number}|null} next
 * @property {OverlayState} overlay
 * @property {{base: string, vote: string, overlay: string, report: string, qr: string}} links
 */

/**
 * @typedef {object} Receipt
 * @property {string} receipt
 * @property {string} session
 * @property {number} round
 * @property {number} run
 * @property {string[]} choices
 * @property {number} revision
 * @property {number} accepted_at_ms
 * @property {number} votes_left
 * @property {number|null} resets_at_ms
 * @property {boolean} changeable
 * @property {string} channel
 * @property {boolean} repeat
 */

/**
 * @typedef {object} Joined
 * @property {string} token
 * @property {string} channel
 * @property {"device"|"ticket"|"wechat"} identity
 * @property {string} session
 * @property {number} delay_ms
 * @property {number} expires_at_ms
 * @property {number} server_time_ms
 */

/**
 * What this phone has done in the current round.
 * @typedef {object} OwnState
 * @property {string} channel
 * @property {number} delay_ms
 * @property {number|null} round
 * @property {number|null} run
 * @property {Phase|null} phase
 * @property {boolean} accepting
 * @property {number|null} cutoff_ms
 * @property {OwnBallot[]} ballots
 * @property {number} votes_left
 * @property {number|null} resets_at_ms
 * @property {Record<string, number>} likes
 */
/** @typedef {{receipt: string, choices: string[], revision: number, accepted_at_ms: number}} OwnBallot */

/** @typedef {{round: number, run: number, totals: Record<string, number>, clipped: boolean}} Liked */

/**
 * What `problem+json` says, and the same on the socket. More fields may stand beside these.
 * @typedef {object} ProblemFields
 * @property {string} code
 * @property {number} status
 * @property {string} title
 * @property {string} [detail]
 * @property {string} [id]
 * @property {Phase} [phase]
 * @property {string[]} [allowed]
 * @property {Receipt|string} [receipt]
 * @property {Record<string, number>} [totals]
 * @property {number} [retry_after_ms]
 */

/** @typedef {{type: "welcome", kind: "device"|"access", role: string|null, channel: string|null, server_time_ms: number}} WelcomeMessage */
/** @typedef {{type: "receipt", id?: string} & Receipt} ReceiptMessage */
/** @typedef {{type: "liked", id?: string} & Liked} LikedMessage */
/** @typedef {{type: "problem"} & ProblemFields} ProblemMessage */
/** @typedef {{type: "pong", id?: string, t?: number, server_time_ms: number}} PongMessage */
/** @typedef {TallyDocument|WelcomeMessage|ReceiptMessage|LikedMessage|ProblemMessage|PongMessage} ServerMessage */

/** `run` says which run is meant: refused where that is over. */
/** @typedef {{type: "vote", id: string, round: number, run?: number, choices: string[], nonce: string}} VoteMessage */
/** @typedef {{type: "like", id?: string, round: number, run?: number, totals: Record<string, number>}} LikeMessage */
/**
 * @typedef {{type: "heartbeat", client: "overlay", id: string, name: string, bus: "programme"|"preview", scene: string, epoch?: number,
 *   version?: number, fps?: number, visible?: boolean, stale_ms?: number, leaving?: boolean}} HeartbeatMessage
 */
/** @typedef {VoteMessage|LikeMessage|HeartbeatMessage} ClientMessage */

/**
 * How the page stands with the service. `live`: by socket; `polling`: by HTTP; `connecting`: nothing yet;
 * `waiting`: lost, and trying again; `stopped`: for good, `reason` says why (`token`, `session_not_found`, `closed`).
 * @typedef {object} ConnectionState
 * @property {"connecting"|"live"|"polling"|"waiting"|"stopped"} status
 * @property {string|null} reason
 * @property {number} attempt failed attempts in a row
 */

/** Made in the page itself, never by the service. @typedef {{type: "connection"} & ConnectionState} ConnectionMessage */
/** @typedef {{type: "clock", offset_ms: number, round_trip_ms: number|null}} ClockMessage */

/**
 * What the library needs of a clock, so that tests can bring their own.
 * @typedef {object} Timers
 * @property {() => number} now
 * @property {(call: () => void, delay_ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random from 0 to 1
 */

/**
 * @typedef {object} CallOptions
 * @property {unknown} [body]
 * @property {Record<string, string>} [headers]
 * @property {boolean} [repeatable] by default GET and PUT are, the others not
 * @property {number} [tries_max] 3 unless given
 * @property {number} [timeout_ms] of one try; 8000 unless given
 * @property {boolean} [keepalive] let it outlive the page
 */
/** @typedef {{status: number, headers: Headers, body: any, sent_ms: number, received_ms: number}} Answer local times */
/**
 * @typedef {object} Api
 * @property {(method: string, path: string, options?: CallOptions) => Promise<Answer>} call
 * @property {(path: string, options?: CallOptions) => Promise<any>} get
 * @property {(path: string, body?: unknown, options?: CallOptions) => Promise<any>} put
 * @property {(path: string, body?: unknown, options?: CallOptions) => Promise<any>} post
 * @property {(path: string, body?: unknown, options?: CallOptions) => Promise<any>} patch
 * @property {(path: string, options?: CallOptions) => Promise<any>} delete
 */
/**
 * @typedef {object} ApiOptions
 * @property {string} [base] origin of the service; the page's own unless given
 * @property {() => string|null} [token]
 * @property {typeof fetch} [fetchFunction]
 * @property {Timers} [timers]
 */

/** @typedef {{sent_ms: number, received_ms: number, server_time_ms: number, slack_ms?: number}} RoundTrip local times but one */
/** `restored`: from the back-forward cache. `leaving`: into it, or for good. @typedef {"shown"|"restored"|"online"|"leaving"} PageEvent */
/**
 * @typedef {object} ConnectOptions
 * @property {string} code
 * @property {string|null} [token]
 * @property {string|null} [channel] carried in the socket's query, for a page without a device token
 * @property {Record<string, unknown>} [hello] more fields for `hello`, such as `{role: "overlay"}`
 * @property {(message: ServerMessage|ClockMessage) => void} onMessage
 * @property {(state: ConnectionState) => void} [onState]
 * @property {string} [base] origin of the service; the page's own unless given
 * @property {typeof WebSocket|null} [WebSocketClass] null: never a socket
 * @property {number} [pollInterval_ms] between two readings by HTTP; 2000 unless given
 * @property {typeof fetch} [fetchFunction]
 * @property {Timers} [timers]
 * @property {(listener: (event: PageEvent) => void) => () => void} [watchPage] returns how to stop
 */
/**
 * @typedef {object} Connection
 * @property {(message: ClientMessage) => "socket"|"http"|null} send how it went; null: not now, keep it
 * @property {(token: string|null) => void} setToken says hello anew; starts again after a stop
 * @property {() => void} resync make sure, now, that what is shown is current
 * @property {() => void} close for good
 * @property {() => ConnectionState} state
 */

export {};
