"""The exit statuses of every command."""

from __future__ import annotations

__all__ = ["FOUND", "INTERRUPTED", "OWN_FAILURE", "PIPE_CLOSED", "UNREADABLE"]

FOUND = 1  # a verdict named by --fail-on, a verification that failed, a mark that does not hold
UNREADABLE = 3
OWN_FAILURE = 4
INTERRUPTED = 130  # as a shell reports SIGINT
PIPE_CLOSED = 141  # as a shell reports SIGPIPE: neither success nor a finding, for not all was said
