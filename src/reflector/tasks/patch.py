"""A patch: lines of one file, as they are and as they should be. Applied when asked, kept when the tests pass."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
import textwrap
from pathlib import Path

import anyio.to_thread
from pydantic import Field

from reflector._json import Value
from reflector.code.python_outline import parse_python
from reflector.errors import PatchConflictError, PatchRejectedError
from reflector.tasks.trial import Trial, run_trial

__all__ = ["Patch"]

_CONTEXT = 3
_ENVIRONMENTS = (".venv", "venv", "node_modules")
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".hg", ".svn", "__pycache__", ".*_cache", ".tox", ".nox", *_ENVIRONMENTS
)


class Patch(Value):
    """A change of whole lines in one file."""

    path: str = ""
    """From the root of the tree, with `/`; empty for code that stands nowhere: then there is only the diff."""
    start_line: int = Field(default=1, ge=1)
    before: str
    after: str

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return self.before == self.after

    @property
    def diff(self) -> str:
        """The change as a unified diff with the file's line numbers, as `patch -p1` and `git apply` read it."""
        name = self.path or "snippet"
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{name}",
            f"b/{name}",
            n=_CONTEXT,
        )
        return "".join(self._shifted(line) for line in lines)

    def _shifted(self, line: str) -> str:
        if not line.startswith("@@ "):
            return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        _, old, new, *rest = line.split(" ")
        return " ".join(("@@", self._moved(old), self._moved(new), *rest))

    def _moved(self, span: str) -> str:
        first, comma, count = span[1:].partition(",")
        return f"{span[0]}{int(first) + self.start_line - 1}{comma}{count}"

    @property
    def parses(self) -> bool | None:
        """Whether the new code is valid; None where nobody here can tell (another language than Python)."""
        suffix = self.path.rpartition(".")[2].lower()
        if suffix not in ("py", "pyi", "pyw") and not (not self.path and _is_python(self.before)):
            return None
        return _is_python(self.after)

    def apply(self, root: str | Path) -> Path:
        """Write the change into its file below `root`, and return that file. It is written whole or not at all.

        Raises:
            PatchConflictError: If the lines are not (or not only once) there any more, or the path leads outside.
            PatchRejectedError: If the new code is not valid.
        """
        if self.parses is False:
            raise PatchRejectedError(
                f"the new code for {self.path or 'the snippet'} does not parse; it was not applied."
            )
        file = self._file(Path(root))
        _replace(file, self._patched(_read(file)))
        return file

    async def apply_if(
        self,
        root: str | Path,
        test: str | list[str],
        *,
        timeout: float = 300.0,  # noqa: ASYNC109 - what is over then is the command, not this function
        memory_mb: int = 2048,
    ) -> Trial:
        """Apply the change only if a command passes with it: tried in a copy of the tree, then written.

        The copy leaves out version control and caches; environments at its top are links to the real ones, and Python
        finds packages of the tree in the copy first. However this ends, the tree holds the change whole or not at all,
        and nothing that the command started is left running.

        Args:
            root: The tree.
            test: A command; a text is split as a shell would, but no shell runs it.
            timeout: Seconds for the command.
            memory_mb: Address space of each of its processes; where the platform cannot hold it to that, it is refused.

        Raises:
            PatchConflictError: As `apply`.
            PatchRejectedError: If the command failed, or needed more than it may; `trial` holds its output.
        """
        tree = Path(root)
        self._patched(_read(self._file(tree)))
        with tempfile.TemporaryDirectory(prefix="reflector-trial-") as folder:
            copy = Path(folder) / "tree"
            await anyio.to_thread.run_sync(_copy, tree, copy, abandon_on_cancel=False)
            self.apply(copy)
            trial = await run_trial(test, copy, timeout=timeout, memory_mb=memory_mb)
        if not trial.passed:
            raise PatchRejectedError(f"the change of {self.path} was not kept: {trial.reason}.", trial=trial)
        self.apply(tree)
        return trial

    # --- where it goes ---

    def _file(self, root: Path) -> Path:
        if not self.path:
            raise PatchConflictError("the snippet stands in no file, so it can only be shown.")
        file = (root / self.path).resolve()
        if not file.is_relative_to(root.resolve()):
            raise PatchConflictError(f"{self.path!r} leads out of the tree {os.fspath(root)!r}.")
        if not file.is_file():
            raise PatchConflictError(f"there is no file {self.path!r} below {os.fspath(root)!r}.")
        return file

    def _patched(self, text: str) -> str:
        before, after = self.before, self.after
        if "\r\n" in text and "\r\n" not in before:
            before, after = before.replace("\n", "\r\n"), after.replace("\n", "\r\n")
        offset = sum(len(line) for line in text.splitlines(keepends=True)[: self.start_line - 1])
        if not text.startswith(before, offset):
            offset = text.find(before)
            is_whole = offset == 0 or text[offset - 1] == "\n"
            if text.count(before) != 1 or not is_whole:
                raise PatchConflictError(
                    f"{self.path} has changed since: lines {self.start_line} and following are not what they were. "
                    "Index and plan again."
                )
        return text[:offset] + after + text[offset + len(before) :]


def _is_python(text: str) -> bool:
    return parse_python(textwrap.dedent(text)) is not None


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as err:
        raise PatchConflictError(f"{file.name} cannot be read: {err}.") from err


def _replace(file: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(file, name)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _copy(tree: Path, copy: Path) -> None:
    shutil.copytree(tree, copy, symlinks=True, ignore=_NOT_COPIED)
    for name in _ENVIRONMENTS:
        if (tree / name).is_dir():
            (copy / name).symlink_to((tree / name).resolve(), target_is_directory=True)
