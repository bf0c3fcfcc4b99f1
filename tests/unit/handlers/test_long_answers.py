"""Answers that take their time to be written keep nobody waiting."""

import asyncio
import threading

from pydantic import BaseModel, TypeAdapter, field_serializer

from esap_jupyter.handlers.handler import encoded

at_work, go_on = threading.Event(), threading.Event()


class Part(BaseModel):
    number: int

    @field_serializer("number")
    def held(self, number: int) -> int:
        at_work.set()
        go_on.wait(10)
        return number


async def test_a_long_list_is_encoded_beside_the_event_loop() -> None:
    parts = [Part(number=number) for number in range(5000)]
    writing = asyncio.create_task(encoded(list[Part], parts))
    await asyncio.to_thread(at_work.wait, 10)

    assert not writing.done()  # and we got here while it was under way
    go_on.set()
    assert await writing == TypeAdapter(list[Part]).dump_json(parts)
