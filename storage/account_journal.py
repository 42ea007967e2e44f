"""The journal of one account: typed records over the append-only file."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..trading.messages import AccountReconciled, OrderApproved, OrderRefused, RungChanged, SignalGenerated
from ..trading.order_events import OrderEvent
from ..trading.tally import RunStarted
from .journal import Journal, JournalFault

Record = OrderEvent | SignalGenerated | OrderApproved | OrderRefused | AccountReconciled | RungChanged | RunStarted

_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_decode = msgspec.msgpack.Decoder(Record).decode


class AccountJournal:
    """Append is durable against `kill -9` when it returns, and on the disk after `sync`."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)

    @property
    def next_sequence(self) -> int:
        return self._journal.sequence + 1

    def open(self) -> int:
        """Open or recover; the bytes of a torn tail that were cut off."""
        self._journal.open()
        return self._journal.recovered_bytes

    def append(self, record: Record) -> int:
        return self._journal.append(_encode(record))

    @property
    def unsynced(self) -> bool:
        return self._journal.unsynced

    def sync(self) -> None:
        self._journal.sync()

    def replay(self) -> Iterator[Record]:
        """Every record, oldest first. `JournalFault` for a record this program does not know."""
        for sequence, payload in self._journal.replay():
            try:
                yield _decode(payload)
            except msgspec.MsgspecError as error:
                raise JournalFault(
                    f"record {sequence} of {self._journal.path} is not of this version: {error}"
                ) from error

    def close(self) -> None:
        self._journal.close()
