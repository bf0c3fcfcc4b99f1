"""Takes in what one service sends, for one place, or for a list of targets side by side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from esap_jupyter.connectors.base import Notice
from esap_jupyter.errors import EsapError, NotOffered
from esap_jupyter.gateway.services import explained
from esap_jupyter.models import Position, Target

if TYPE_CHECKING:
    import pyarrow as pa

    Parts = AsyncIterator[pa.RecordBatch | Notice]
    Append = Callable[[pa.RecordBatch], Awaitable[None]]

TARGET_COLUMN = "for_target"
"""The column that says which of several targets a row was found for."""

TARGETS_AT_ONCE = 4
"""Targets for which one service is asked side by side, if its `calls_at_once` allows that."""

_RESOLVED_AT_ONCE = 8
_FAILURES_IN_A_ROW = 5
_TOLD_FAILURES = 3


@dataclass(slots=True)
class Answer:
    """What one service said for one place.

    Attributes
    ----------
    cut : str
        Why there is more than was sent.
    remark : str
        What the service says otherwise.
    """

    cut: str = ""
    remark: str = ""


async def receive(parts: Parts, row_limit: int | None, deadline: float | None, append: Append) -> Answer:
    """Take in an answer.

    Parameters
    ----------
    row_limit : int, optional
        Rows wanted.
    deadline : float, optional
        Seconds that all of it may take; without a row limit, seconds until the next rows.
    append : callable
        Given each batch.
    """
    answer, rows = Answer(), 0
    async with (
        asyncio.timeout(deadline) as patience,
        contextlib.aclosing(cast("AsyncGenerator[Any]", parts)) as stream,
    ):
        async for part in stream:
            if isinstance(part, Notice):
                if part.kind == "truncated":
                    answer.cut = part.message
                else:
                    answer.remark = part.message
                continue
            batch = part if row_limit is None else part.slice(0, row_limit - rows)
            # An empty batch too: it tells the columns, or what only came after the rows (DataLink).
            await append(batch)
            rows += batch.num_rows
            if batch.num_rows < part.num_rows:  # a connector that sends more than was asked for
                answer.cut = f"Cut at the row limit of {row_limit:,}; there is more."
                break
            if row_limit is None and deadline is not None:
                # "All of it" may take as long as it keeps coming.
                patience.reschedule(asyncio.get_running_loop().time() + deadline)
    return answer


class Targets:
    """The targets of a query, handed to every service as they are resolved.

    Attributes
    ----------
    count : int
        How many there are.
    unknown : dict
        By target, why it has no position.
    """

    def __init__(self, targets: tuple[Target, ...], resolve: Callable[[str], Awaitable[Position]]) -> None:
        self.count = len(targets)
        self.unknown: dict[str, EsapError] = {}
        self._targets = targets
        self._resolve = resolve
        self._resolved: list[tuple[Target, Position] | None] = []
        self._queues: list[asyncio.Queue[tuple[Target, Position] | None]] = []

    def queue(self) -> asyncio.Queue[tuple[Target, Position] | None]:
        """What one service takes its targets from, None after the last."""
        queue: asyncio.Queue[tuple[Target, Position] | None] = asyncio.Queue()
        for place in self._resolved:
            queue.put_nowait(place)
        self._queues.append(queue)
        return queue

    def common_error(self) -> EsapError | None:
        """The error to raise if no target has a position."""
        return next(iter(self.unknown.values())) if len(self.unknown) == self.count else None

    async def resolve(self) -> None:
        """Resolve those that have no position, so many at once."""
        places = asyncio.Semaphore(_RESOLVED_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for target in self._targets:
                group.create_task(self._hand_out(target, places))
        self._hand(None)

    async def _hand_out(self, target: Target, places: asyncio.Semaphore) -> None:
        try:
            position = target.position
            if position is None:
                async with places:
                    position = await self._resolve(target.name)
        except EsapError as error:
            self.unknown[str(target)] = error
            return
        self._hand((target, position))

    def _hand(self, place: tuple[Target, Position] | None) -> None:
        self._resolved.append(place)
        for queue in self._queues:
            queue.put_nowait(place)


class ListReceiver:
    """Takes in what one service sends for a list of targets; one that fails spoils none of the others.

    Parameters
    ----------
    targets : Targets
        Not being resolved yet.
    receive_one : callable
        Asks the service for one target, and takes in the answer.
    append : callable
        Given each batch, with the column `TARGET_COLUMN`.
    tell : callable
        Told how many targets are done, also in words.
    at_once : int
        Targets that the service is asked for side by side.
    """

    def __init__(
        self,
        service: str,
        targets: Targets,
        receive_one: Callable[[Target, Position, Append], Awaitable[Answer]],
        append: Append,
        tell: Callable[[int, str], None],
        at_once: int = TARGETS_AT_ONCE,
    ) -> None:
        self._service = service
        self._targets = targets
        self._queue = targets.queue()
        self._receive_one = receive_one
        self._append = append
        self._tell = tell
        self._at_once = at_once
        self._asked = 0
        self._cut = 0
        self._remark = ""
        self._failed: dict[str, EsapError] = {}
        self._in_a_row = 0
        self._schema: pa.Schema | None = None
        self._empty: pa.RecordBatch | None = None

    async def take(self) -> Answer:
        """Ask for every target that has a position.

        Raises
        ------
        EsapError
            Of the first kind of failure, once all were asked for; what arrived stays.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._work())
        if self._schema is None and self._empty is not None:
            await self._append(self._empty)
        return self._answer()

    async def _work(self) -> None:
        while (place := await self._queue.get()) is not None:
            if not self._gives_up:
                await self._take_one(*place)
        self._queue.put_nowait(None)  # for the other workers

    @property
    def _done(self) -> int:
        """Targets that the service has answered or failed for, and those that are unknown."""
        return self._asked + len(self._targets.unknown)

    @property
    def _gives_up(self) -> bool:
        """A service that is down is not asked a thousand times."""
        return self._in_a_row >= _FAILURES_IN_A_ROW

    async def _take_one(self, target: Target, position: Position) -> None:
        async def append(batch: pa.RecordBatch) -> None:
            await self._append_for(str(target), batch)

        try:
            answer = await self._receive_one(target, position, append)
        except Exception as error:  # noqa: BLE001 - explained, logged and reported
            failure = explained(error, self._service)
            self._failed[str(target)] = failure
            # What it does not offer it offers for no target.
            hopeless = isinstance(failure, NotOffered)
            self._in_a_row += _FAILURES_IN_A_ROW if hopeless else int(failure.retryable)
        else:
            self._in_a_row = 0
            self._cut += bool(answer.cut)
            self._remark = answer.remark or self._remark
        self._asked += 1
        self._tell(self._done, f"{_of(self._done, self._targets.count)}.")

    async def _append_for(self, target: str, batch: pa.RecordBatch) -> None:
        named = _with_target(batch, target)
        if not batch.num_rows:
            # For a place where it has nothing, a service may leave out columns or their types.
            if self._schema is None:
                self._empty = self._empty or named
                return
            if not named.schema.equals(self._schema):
                return
        if self._schema is None:
            self._schema = named.schema
        await self._append(_aligned(named, self._schema))

    def _answer(self) -> Answer:
        unknown, count = self._targets.unknown, self._targets.count
        if self._failed:
            failure = next(iter(self._failed.values()))
            if len(self._failed) < count and not isinstance(failure, NotOffered):
                left = f"; {count - self._done} were not asked for" if self._done < count else ""
                failure.message = (
                    f"{_of(len(self._failed), count)} failed ({_some(self._failed)}){left}. {failure.message}"
                )
            raise failure
        if not self._asked and unknown:
            raise next(iter(unknown.values()))
        remarks = [f"{_of(len(unknown), count)} unknown: {_some(unknown)}."] if unknown else []
        remarks += [self._remark] if self._remark else []
        if not self._cut:
            return Answer(remark=" ".join(remarks))
        return Answer(" ".join([f"There is more for {_of(self._cut, count)}.", *remarks]))


def _of(count: int, total: int) -> str:
    return f"{count} of {total} targets"


def _some(targets: dict[str, EsapError]) -> str:
    names = list(targets)
    more = f" and {len(names) - _TOLD_FAILURES} more" if len(names) > _TOLD_FAILURES else ""
    return ", ".join(names[:_TOLD_FAILURES]) + more


def _with_target(batch: pa.RecordBatch, target: str) -> pa.RecordBatch:
    import pyarrow as pa

    column = pa.field(TARGET_COLUMN, pa.string(), metadata={"description": "The target of the row"})
    schema = pa.schema([column, *batch.schema], metadata=batch.schema.metadata)
    return pa.RecordBatch.from_arrays(
        [pa.repeat(pa.scalar(target, pa.string()), batch.num_rows), *batch.columns], schema=schema
    )


def _aligned(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give a batch the columns of the first: a service may answer differently from place to place."""
    import pyarrow as pa

    if batch.schema.names == schema.names:
        return batch
    columns = [
        batch.column(field.name) if field.name in batch.schema.names else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    fields = [
        pa.field(field.name, column.type, metadata=field.metadata)
        for field, column in zip(schema, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields, metadata=batch.schema.metadata))
