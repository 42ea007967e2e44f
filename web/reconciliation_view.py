"""How books and venue compare, as the console shows it: pure, bounded."""

from ..trading.differences import DifferenceNoted
from ..transports.control import ReconciliationAnswered
from .answers import AnswerWindow
from .view import View, clip, milliseconds

ROWS_MAX = 100


class ReconciliationWindow(AnswerWindow[ReconciliationAnswered]):
    """What the executor answered last."""

    whom = "the executor"

    def view(self, answer: ReconciliationAnswered | None) -> View:
        """`equal` is None while nothing is known."""
        if answer is None:
            return {"equal": None, "standing": [], "foreign": [], "latest": []}
        return {
            "equal": answer.verdict.equal,
            "at_ms": milliseconds(answer.verdict.at_ns),
            "open_orders": answer.verdict.open_orders,
            "unknown_orders": answer.verdict.unknown_orders,
            "standing": [clip(words) for words in answer.standing[:ROWS_MAX]],
            "foreign": [clip(words) for words in answer.foreign[:ROWS_MAX]],
            "latest": [_noted_view(each) for each in answer.latest[:ROWS_MAX]],
        }


def _noted_view(noted: DifferenceNoted) -> View:
    return {
        "kind": noted.kind,
        "subject": clip(noted.subject),
        "books": clip(noted.books),
        "venue": clip(noted.venue),
        "resolution": clip(noted.resolution),
        "at_ms": milliseconds(noted.at_ns),
    }
