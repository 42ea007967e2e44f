"""Client order ids: account, epoch and journal sequence, so that no id is ever made twice."""

CLIENT_ID_LIMIT = 36
"""The longest id every venue takes."""


def client_id_prefix(account: str) -> str:
    """What all our ids of an account begin with."""
    return f"tg{account}-"


def make_client_id(account: str, epoch: int, sequence: int) -> str:
    """The id of the order whose intent is record `sequence` of the journal, under lease `epoch`; both of at most 12
    digits, the account's name of at most 8 characters."""
    client_id = f"{client_id_prefix(account)}{epoch}-{sequence}"
    assert len(client_id) <= CLIENT_ID_LIMIT, f"client order id {client_id!r} is over {CLIENT_ID_LIMIT} characters"
    return client_id
