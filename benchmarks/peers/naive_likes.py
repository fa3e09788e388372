"""FastAPI: likes over a WebSocket by `receive_json` and `send_json`, kept in memory only."""

from collections import Counter

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from benchmarks.peers.pace import arguments

options = arguments()
app = FastAPI()
likes: Counter[str] = Counter()


@app.websocket("/ws")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    standing: Counter[str] = Counter()
    try:
        while True:
            message = await websocket.receive_json()
            for side, total in message["totals"].items():
                likes[side] += max(0, total - standing[side])
                standing[side] = max(standing[side], total)
            await websocket.send_json({"type": "liked", "round": message["round"], "totals": standing})
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)
