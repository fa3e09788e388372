// Node: Socket.IO, and `emit` to everybody.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "socket.io";

const { port, payload } = Object.fromEntries(process.argv.slice(2).map((each) => each.slice(2).split("=")));
const http = createServer();
const server = new Server(http, { transports: ["websocket"] });
const document = JSON.parse(readFileSync(payload, "utf8"));
let on = false;

process.on("SIGUSR2", () => {
  on = !on;
});
setInterval(() => {
  if (!on) return;
  document.version += 1;
  server.emit("tally", document);
}, 200);
http.listen({ host: "127.0.0.1", port: Number(port), backlog: 2048 });
