// Node: the ws library, and a loop of `send`.
import { readFileSync } from "node:fs";
import { WebSocketServer } from "ws";

const { port, payload } = Object.fromEntries(process.argv.slice(2).map((each) => each.slice(2).split("=")));
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(port), backlog: 2048, perMessageDeflate: false });
const document = JSON.parse(readFileSync(payload, "utf8"));
let on = false;

process.on("SIGUSR2", () => {
  on = !on;
});
setInterval(() => {
  if (!on) return;
  document.version += 1;
  const text = JSON.stringify(document);
  for (const client of server.clients) client.send(text);
}, 200);
