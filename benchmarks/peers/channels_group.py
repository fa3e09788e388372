"""Django Channels: a consumer in a group of the in-memory layer, under daphne; one `group_send` a tick."""

import asyncio
import sys

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

from benchmarks.peers.pace import Document, Telling, arguments

options = arguments()
document = Document(options.payload)
telling = Telling()
tasks: set[asyncio.Task[None]] = set()

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="a benchmark has no secrets",
    ROOT_URLCONF=__name__,
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
)
django.setup()
urlpatterns: list[object] = []


async def tell() -> None:
    await get_channel_layer().group_send("tally", {"type": "tally.told", "text": document.next_text()})


class TallyConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        if not tasks:
            tasks.add(asyncio.create_task(telling.run(tell)))
        await self.channel_layer.group_add("tally", self.channel_name)
        await self.accept()

    async def disconnect(self, close_code: int) -> None:
        await self.channel_layer.group_discard("tally", self.channel_name)

    async def tally_told(self, event: dict[str, str]) -> None:
        await self.send(text_data=event["text"])


application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("ws", TallyConsumer.as_asgi())])}
)

if __name__ == "__main__":
    from daphne.cli import CommandLineInterface

    sys.modules["channels_group"] = sys.modules["__main__"]
    CommandLineInterface().run(["-b", "127.0.0.1", "-p", str(options.port), "-v", "0", "channels_group:application"])
