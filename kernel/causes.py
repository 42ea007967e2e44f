"""An exception as one line: the cause that reports, dead letters and the console show."""

REASON_LIMIT = 2_000
"""Characters of an exception's own words in the reason of an end."""


def describe(error: BaseException) -> str:
    """One line for reports: type, message and the innermost line of code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}: {_words(error)}{where}"


def _words(error: BaseException) -> str:
    try:
        return str(error)[:REASON_LIMIT]
    except Exception:  # noqa: BLE001 - a broken `__str__` must not hide that the actor crashed
        return "it cannot say why"
