"""What Binance says to a SUBSCRIBE, on spot and futures alike."""

import msgspec

from ..market_events import ControlEvent


class _Refusal(msgspec.Struct):
    code: int
    msg: str


class _Answer(msgspec.Struct):
    """To a SUBSCRIBE; `result` is null where it was taken."""

    id: int | str | None
    result: msgspec.UnsetType | None = msgspec.UNSET
    error: _Refusal | None = None


_decode_answer = msgspec.json.Decoder(_Answer).decode


def read_answer(payload: bytes) -> ControlEvent | None:
    """What the venue says to a SUBSCRIBE; None where the frame is no such answer."""
    try:
        answer = _decode_answer(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if answer.error is not None:
        return ControlEvent("refused", f"{answer.error.code}: {answer.error.msg[:200]}")
    return None if answer.result is msgspec.UNSET else ControlEvent("subscribed", str(answer.id))
