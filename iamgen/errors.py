"""The error tree, with exit codes. The library raises; only `iamgen.cli` prints and exits.

    IamgenError            70  a bug when it is raised as itself
    |-- UsageError          2  wrong option or configuration, a missing extra
    |-- InputError          3  unreadable or malformed input; insufficient evidence; gaps under --strict
    `-- AccessError         4  AWS or GitHub could not be reached or refused

Exit code 1 is no error: it says "findings", or that a verb's own question is answered no.
Wording: lower case, no full stop, the user's text in backticks, the place first, one line; what to do goes in `hint`.
"""

EXIT_DONE = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_ACCESS = 4
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class IamgenError(Exception):
    """Anything iamgen raises on purpose; `place` is a file, line or path, `hint` says what to do next."""

    exit_code = EXIT_BUG

    def __init__(self, message: str, *, place: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class UsageError(IamgenError):
    """A wrong option or configuration, or an extra that is not installed."""

    exit_code = EXIT_USAGE


class InputError(IamgenError):
    """Unreadable or malformed input, insufficient evidence for a named function, gaps under --strict."""

    exit_code = EXIT_INPUT


class AccessError(IamgenError):
    """AWS or GitHub could not be reached or refused."""

    exit_code = EXIT_ACCESS
