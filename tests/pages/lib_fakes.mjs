// A clock, a socket and a service for the library's tests: all by hand, so that every order of events can be tried.

/** Timers that move only when told. */
export function fakeTimers(start_ms = 1_000_000) {
  let now_ms = start_ms;
  let last_id = 0;
  const due = new Map();
  const timers = {
    chance: 0.5,
    now: () => now_ms,
    random: () => timers.chance,
    setTimeout(call, delay_ms) {
      last_id += 1;
      due.set(last_id, { at_ms: now_ms + delay_ms, call });
      return last_id;
    },
    clearTimeout: (id) => void due.delete(id),
    get waiting() {
      return due.size;
    },
    /** Let promises settle. */
    async settle() {
      for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
    },
    /** Move on, running what falls due in its order. */
    async pass(delta_ms) {
      const end_ms = now_ms + delta_ms;
      await timers.settle();
      for (;;) {
        const next = [...due].filter(([, timer]) => timer.at_ms <= end_ms).sort((a, b) => a[1].at_ms - b[1].at_ms || a[0] - b[0])[0];
        if (!next) break;
        due.delete(next[0]);
        now_ms = Math.max(now_ms, next[1].at_ms);
        next[1].call();
        await timers.settle();
      }
      now_ms = end_ms;
    },
  };
  return timers;
}

/** A WebSocket class whose sockets the test opens, feeds and closes. */
export function fakeSockets() {
  const sockets = [];
  class FakeSocket {
    constructor(address) {
      this.address = address;
      this.readyState = 0;
      this.sent = [];
      this.closed = false;
      sockets.push(this);
    }
    send(text) {
      if (this.readyState !== 1) throw new Error("not open");
      this.sent.push(JSON.parse(text));
    }
    close() {
      this.closed = true;
      this.readyState = 3;
    }
    open() {
      this.readyState = 1;
      this.onopen?.();
    }
    receive(message) {
      this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
    }
    drop(code = 1006) {
      this.readyState = 3;
      this.onclose?.({ code });
    }
  }
  return {
    FakeSocket,
    sockets,
    get last() {
      return sockets.at(-1);
    },
  };
}

/** A fetch that a handler answers: `(method, path, init) => {status, body?, headers?}`, or throws for no network. */
export function fakeFetch(handler) {
  const calls = [];
  const fetchFunction = async (url, init) => {
    const path = new URL(url, "http://arena.test").pathname;
    calls.push({ method: init.method, path, init, body: init.body ? JSON.parse(init.body) : undefined });
    const { status, body = null, headers = {} } = await handler(init.method, path, init);
    return {
      ok: status >= 200 && status < 300,
      status,
      statusText: "",
      headers: new Headers(headers),
      json: async () => {
        if (body === null) throw new SyntaxError("empty");
        return body;
      },
    };
  };
  return { calls, fetchFunction };
}

export function tallyDocument(epoch, version, more = {}) {
  return {
    type: "tally",
    view: "public",
    epoch,
    version,
    server_time_ms: 0,
    session: { code: "K7M2QP", number: 1, title: "", topic: "", kind: "pk", status: "live", show: "", deciding: false },
    contestants: [],
    round: null,
    tally: null,
    rounds: [],
    totals: { likes: 0, votes: 0 },
    audience: { online: 0, unique: 0 },
    overlay: { scene: "board" },
    ...more,
  };
}
