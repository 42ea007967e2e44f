"""Structured logs: JSON lines in a file per node, warnings also on stderr."""

import logging
import sys
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

FILE_BYTES = 10 << 20
FILES_KEPT = 3


def configure_logs(node: str, folder: Path) -> structlog.stdlib.BoundLogger:
    """The node's logger. Third-party logs of warnings and worse go the same way."""
    folder.mkdir(parents=True, exist_ok=True)
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    file = RotatingFileHandler(folder / f"{node}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT)
    lines = structlog.processors.JSONRenderer()
    file.setFormatter(structlog.stdlib.ProcessorFormatter(lines, foreign_pre_chain=shared))
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.WARNING)
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    screen.setFormatter(structlog.stdlib.ProcessorFormatter(console, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [file, screen]
    root.setLevel(logging.WARNING)
    logging.getLogger("tradigrade").setLevel(logging.INFO)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("tradigrade", node=node)
    return logger


class CrashLog:
    """Tells what an actor crashed of, with the traceback: file, line and message. The same at the same place is not
    told again; its supervisor logs every restart. May be called from any thread."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._last: dict[str, str] = {}

    def __call__(self, path: str, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        what = f"{error!r} at {frames[-1] if frames else 'no place'}"
        if self._last.get(path) != what:
            self._last[path] = what
            self._log.error("crashed", child=path, exception="".join(traceback.format_exception(error)).rstrip())
