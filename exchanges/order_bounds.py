"""What a venue's own bounds of orders let leave now, where it has bounds beside the weights of requests."""

from .venue import VenueWord


class OrderBounds:
    """Of one account, for as long as the process lives. This one knows none."""

    def refuse(self, symbol: str) -> str:
        """Why no new order may be sent now; empty where one may."""
        return ""

    def placed(self, client_id: str, symbol: str) -> None:
        """It was sent."""

    def cancelled(self, client_id: str, symbol: str) -> None:
        """Its cancel was sent: that is never refused, and leaves the less room for orders."""

    def hear(self, word: VenueWord) -> None:
        """What the venue answered."""
