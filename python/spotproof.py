"""The job channel of Spotproof for Python programs: steps that can be interrupted anywhere and go on.

    import spotproof

    for step in spotproof.steps(100, every=10, save=save, load=load):
        work(step)

Under `spotproof run --checkpoint <folder>` the loop goes on after the last saved step. Without it, it is a plain loop.
One file, the standard library alone, Python 3.8 and newer. The guide: docs/guides/python.md in the package `spotproof`.
"""

from __future__ import annotations

import atexit
import errno
import http.client
import importlib
import json
import operator
import os
import pickle
import random
import re
import shutil
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple, Union
from urllib.parse import urlsplit

__version__ = "0.1.0"
__all__ = [
    "ChannelUnreachable", "CheckpointFailed", "FencedOut", "Interrupted", "Interruption", "LoadFailed", "SaveFailed",
    "SpotproofError", "Steps", "checkpoint", "interrupted", "interruption", "is_saver", "progress", "random_state",
    "restore_random_state", "steps",
]  # fmt: skip

POLL_SECONDS = 0.5
"""How often the channel is asked for an interruption, and told of progress, at most."""

CALL_SECONDS = 2.0
"""How long the channel may be silent in a call that is answered at once."""

WINDOW_SECONDS = 120.0
"""What an interruption usually leaves: a step that takes longer may be lost."""

_MANIFEST = "spotproof.json"
_RANDOM = "spotproof-random.pickle"
_FORMAT = 1


class SpotproofError(Exception):
    """Everything that this file raises, but for `Interrupted`."""


class ChannelUnreachable(SpotproofError):
    """The job channel does not answer."""


class CheckpointFailed(SpotproofError):
    """The checkpoint is not durable in the store; the ones before it are. The job may go on."""


class FencedOut(SpotproofError):
    """A later attempt has taken over this job: nothing that this one writes is used any more."""


class SaveFailed(SpotproofError):
    """`save` raised, or wrote nothing. The state before it is kept."""


class LoadFailed(SpotproofError):
    """The saved state cannot be used: `load` raised, or files are missing."""


class Interrupted(SystemExit):
    """The state is saved: the program ends with the status that means "start me again" (75), through its `finally`s."""

    def __init__(self, step: int, checkpoint: Optional[str]) -> None:
        super().__init__(int(os.environ.get("SPOTPROOF_STATUS_AGAIN", "75")))
        self.step = step
        """How many steps are done and saved."""
        self.checkpoint = checkpoint
        """The durable checkpoint that holds them; None when only the folder has them."""


class Interruption(NamedTuple):
    """An announced interruption."""

    action: str
    """`terminate`, `stop`, `hibernate` …"""
    time: str
    """The deadline, by this machine's wall clock."""
    remaining: float
    """Seconds that were left when the channel was asked."""
    source: str
    cause: str


# ---------------------------------------------------------------- what is said

_said: Set[str] = set()


def _say(text: str) -> None:
    try:
        print(f"spotproof: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        pass  # Standard error is closed: nobody can be told, and the job must not end for that.


def _say_once(subject: str, text: str) -> None:
    if subject not in _said:
        _said.add(subject)
        _say(text)


# ---------------------------------------------------------------- the channel


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("job", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self.timeout)
        self.sock = connection
        connection.connect(self._path)


def _has_channel() -> bool:
    return bool(os.environ.get("SPOTPROOF_SOCKET") or os.environ.get("SPOTPROOF_URL"))


def _under_spotproof() -> bool:
    if _has_channel():
        return True
    _say_once("alone", "not started by `spotproof run`: no interruption is heard and nothing is made durable.")
    return False


def _call(method: str, path: str, body: Optional[Dict[str, Any]], seconds: float) -> Tuple[int, str]:
    """One call. `seconds` limits each silence. Raises `ChannelUnreachable`."""
    unix, url = os.environ.get("SPOTPROOF_SOCKET"), os.environ.get("SPOTPROOF_URL")
    connection: Optional[http.client.HTTPConnection] = None
    try:
        if unix and hasattr(socket, "AF_UNIX"):
            connection = _UnixConnection(unix, seconds)
        else:
            address = urlsplit(url or "")
            connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=seconds)
            path = address.path.rstrip("/") + path
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, answer.read(1_000_000).decode("utf-8", "replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = f"no answer within {seconds:g} s" if isinstance(error, socket.timeout) else str(error) or repr(error)
        raise ChannelUnreachable(f"the job channel ({unix or 'SPOTPROOF_URL'}) does not answer: {why}") from error
    finally:
        if connection is not None:
            connection.close()


class _Channel:
    """Polls and reports: never often, never fatal, and seldom while the channel is in trouble."""

    def __init__(self) -> None:
        self.next_poll = 0.0
        self.next_report = 0.0
        self.resting_until = 0.0
        self.heard: Optional[Interruption] = None
        self.unsent: Optional[Dict[str, Any]] = None
        self.asked_to_stop = False

    def poll(self) -> Optional[Interruption]:
        now = time.monotonic()
        if now < self.next_poll or not _under_spotproof():
            return self.heard
        self.next_poll = now + POLL_SECONDS
        answer = self._try("GET", "/interruption", None)
        if answer is None:
            return self.heard  # Unknown is neither "announced" nor "taken back".
        status, text = answer
        if status == 404:
            self.heard = None
        elif status == 200:
            self.heard = _read_interruption(text)
        else:
            _say_once("poll", f"cannot hear interruptions: the channel answered {status}: {text.strip()[:200]}")
        return self.heard

    def report(self, progress: Dict[str, Any]) -> None:
        self.unsent = progress
        is_last = progress.get("total") is not None and progress["done"] >= progress["total"]
        if is_last or time.monotonic() >= self.next_report:
            self.flush()

    def flush(self) -> None:
        progress, self.unsent = self.unsent, None
        if progress is None or not _has_channel():
            return
        self.next_report = time.monotonic() + POLL_SECONDS
        answer = self._try("POST", "/progress", progress)
        if answer is not None and answer[0] != 204:
            _say_once("progress", f"progress was not taken ({answer[0]}): {answer[1].strip()[:200]}")

    def _try(self, method: str, path: str, body: Optional[Dict[str, Any]]) -> Optional[Tuple[int, str]]:
        begun = time.monotonic()
        if begun < self.resting_until:
            return None
        try:
            return _call(method, path, body, CALL_SECONDS)
        except ChannelUnreachable as error:
            # A call that hangs must not become the greater part of the job's time.
            self.resting_until = time.monotonic() + 10 * (time.monotonic() - begun)
            _say_once("unreachable", f"{error}. The job goes on, and tries again.")
            return None


def _read_interruption(text: str) -> Interruption:
    try:
        said = json.loads(text)
        left = float(said.get("remainingMs", WINDOW_SECONDS * 1000)) / 1000
        words = [str(said.get(name, "")) for name in ("action", "time", "source", "cause")]
    except (ValueError, TypeError, AttributeError):
        # That it is announced is sure, and matters more than its details.
        left, words = WINDOW_SECONDS, ["terminate", "", "", text[:200]]
    return Interruption(words[0], words[1], left, words[2], words[3])


_channel = _Channel()


_forking = threading.local()


def _before_fork() -> None:
    # A SIGTERM that comes to the child before it has its own handlers again must wait, and not be lost.
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}) if _StopSignal.installed else None


def _after_fork() -> None:
    if _forking.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)


def _after_fork_in_child() -> None:
    """A forked worker is none of the job's voices: SIGTERM ends it as if this file were not there."""
    global _channel
    _channel = _Channel()
    for handler in reversed(list(_StopSignal.installed)):
        handler.restore()
    _after_fork()


def _at_exit() -> None:
    _channel.flush()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)


# ---------------------------------------------------------------- single calls


def interruption() -> Optional[Interruption]:
    """The announced interruption, or None. Asks at most every half second, so a loop may call it at every turn."""
    return _channel.poll()


def interrupted() -> bool:
    """Whether an interruption is announced, or the program was asked to stop while `steps` listened."""
    return _channel.asked_to_stop or _channel.poll() is not None


def checkpoint(timeout: float = 600.0) -> Optional[str]:
    """Makes a checkpoint of the folder now. Returns its name once it is durable, never before; None without Spotproof.

    `timeout`: seconds. Raises `CheckpointFailed`, `FencedOut`.
    """
    if not _under_spotproof():
        return None
    _channel.flush()
    try:
        status, text = _call("POST", "/checkpoint", None, timeout)
    except ChannelUnreachable as error:
        raise CheckpointFailed(f"no checkpoint was made, as far as is known: {error}") from error
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        answer = {}
    if status == 200 and answer.get("durable") is True:
        return str(answer.get("checkpoint"))
    why = " ".join(str(answer[name]) for name in ("message", "advice") if answer.get(name)) or text.strip()[:200]
    if status == 409:
        raise FencedOut(why)
    raise CheckpointFailed(f"{why} [{answer.get('error', status)}]")


def progress(done: float, total: Optional[float] = None, unit: Optional[str] = None) -> None:
    """Reports how far the job is. Cheap: sent at most every half second, the newest always. Never fails the job."""
    if _under_spotproof():
        report: Dict[str, Any] = {"done": _plain(done)}
        if total is not None:
            report["total"] = _plain(total)
        if unit is not None:
            report["unit"] = unit
        _channel.report(report)


def _plain(number: float) -> float:
    """Numbers of numpy and torch are none of JSON's."""
    return number if isinstance(number, (int, float)) else float(number)


def is_saver() -> bool:
    """Whether this process is the one that saves: rank 0, or not one of many (torchrun, Slurm, MPI)."""
    for name in ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK"):
        if os.environ.get(name, "").strip():
            return os.environ[name].strip() == "0"
    return True


def random_state() -> Dict[str, Any]:
    """The state of `random`, and of numpy's and torch's global generators where these are imported already."""
    state: Dict[str, Any] = {"random": random.getstate()}
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        state["numpy"] = numpy.random.get_state()
    if torch is not None:
        state["torch"] = torch.get_rng_state()
        if torch.cuda.is_available():
            state["torch.cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore_random_state(state: Dict[str, Any]) -> None:
    """Puts back what `random_state` gave."""
    random.setstate(state["random"])
    if "numpy" in state:
        importlib.import_module("numpy").random.set_state(state["numpy"])
    if "torch" in state:
        importlib.import_module("torch").set_rng_state(state["torch"])
    if "torch.cuda" in state:
        importlib.import_module("torch").cuda.set_rng_state_all(state["torch.cuda"])


# ---------------------------------------------------------------- steps


class _StopSignal:
    """While `steps` runs, SIGTERM only sets a flag (and calls the handler that was there); the loop acts on it."""

    installed: List[_StopSignal] = []

    def __init__(self) -> None:
        self._before: Any = None

    def install(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        before = signal.getsignal(signal.SIGTERM)
        if before is None or before is signal.SIG_IGN:
            return  # Somebody else's, or meant to be ignored.
        self._before = before
        signal.signal(signal.SIGTERM, self._handle)
        _StopSignal.installed.append(self)

    def _handle(self, number: int, frame: Any) -> None:
        _channel.asked_to_stop = True
        if callable(self._before):
            self._before(number, frame)

    def restore(self) -> None:
        if self not in _StopSignal.installed:
            return
        _StopSignal.installed.remove(self)
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == self._handle:
            signal.signal(signal.SIGTERM, self._before)


_finished: Set[Path] = set()

Function = Callable[[Path], object]


class Steps:
    """What `steps` gives: a loop; or, where a framework has the loop, `restore()`, and `done(n)` after each step."""

    def __init__(
        self, total: int, *, start: int, every: Optional[int], seconds: Optional[float], save: Optional[Function],
        load: Optional[Function], name: str, unit: str, random_state: bool, durable: Optional[bool],
        on_interruption: str, saver: Optional[bool],
    ) -> None:  # fmt: skip
        _check(start, every, seconds, save, load, name, on_interruption)
        self.total, self.start, self.name, self.unit = operator.index(total), operator.index(start), name, unit
        self._every, self._save, self._load, self._random = every, save, load, random_state
        self._seconds = 60.0 if every is None and seconds is None else seconds
        self._on_interruption = on_interruption
        self._is_saver = is_saver() if saver is None else saver
        self._durable = os.environ.get("SPOTPROOF_COMMIT_BY") == "program" if durable is None else durable
        self._has_channel = _has_channel()
        self._folder = self._state_folder()
        self._is_live = self._is_saver and (self._has_channel or self._folder is not None)
        self._signal = _StopSignal()
        self._position = start
        self._saved: Optional[int] = None
        self._tried = start
        self._saved_at = self._step_began = time.monotonic()
        self._heard_before = False
        self._is_restored = False

    def __len__(self) -> int:
        return max(0, self.total - self.start)

    def __iter__(self) -> Iterator[int]:
        done = self.restore()
        try:
            while done < self.total:
                yield done
                done += 1
                if not self.done(done):
                    return
        finally:
            self.close()

    def __enter__(self) -> Steps:
        self.restore()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def restore(self) -> int:
        """Loads the saved state when there is one. Returns how many steps are done: the number of the next one."""
        if self._is_restored:
            return self._position
        if self._folder is None:
            _under_spotproof()
        else:
            if self._folder in _finished:
                raise SpotproofError(
                    f'a loop named "{self.name}" has ended in this program already, and this one would skip its steps: '
                    f'give each loop a name of its own (steps(…, name="…"))'
                )
            if self._is_saver:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._clean()
            self._restore_from(self._folder)
        if self._is_live:
            self._signal.install()
        self._is_restored = True
        self._saved_at = self._step_began = time.monotonic()
        return self._position

    def done(self, done: int) -> bool:
        """The safe point after a step, `done` of which are complete now: saves when it is time.

        Returns whether to go on: False only after an interruption with on_interruption="stop".
        Raises `Interrupted`, `SaveFailed`, `FencedOut`.
        """
        self._position = done
        if not self._is_live:
            return True
        now = time.monotonic()
        took, self._step_began = now - self._step_began, now
        if took > WINDOW_SECONDS:
            self._warn_of_length(took, WINDOW_SECONDS)
        if done >= self.total:
            self._finish()
            return True
        heard = _channel.poll() if self._has_channel else None
        if heard is not None or _channel.asked_to_stop:
            return self._leave(heard, took)
        self._heard_before = False
        if self._has_channel and now >= _channel.next_report:
            self._report()
        if self._is_due(now):
            self._commit()
            if self._durable:
                self._checkpoint()
            self._step_began = time.monotonic()
        return True

    def close(self) -> None:
        """Ends the listening for SIGTERM; `for` and `with` do it by themselves."""
        self._signal.restore()
        self._is_restored = False

    # What follows is the loop's own.

    def _state_folder(self) -> Optional[Path]:
        if self._save is None:
            return None
        folder = os.environ.get("SPOTPROOF_CHECKPOINT")
        if folder:
            return Path(folder) / self.name
        if self._has_channel:
            raise SpotproofError("the state has no place: start the job with `spotproof run --checkpoint <folder>`")
        return None

    def _is_due(self, now: float) -> bool:
        if self._folder is None:
            return False
        if self._every is not None and self._position // self._every > self._tried // self._every:
            return True
        return self._seconds is not None and now - self._saved_at >= self._seconds

    def _finish(self) -> None:
        """The last step is done, and more important than any interruption: the program can end as completed."""
        self._report()
        self._commit(is_last=True)
        if self._durable:
            self._checkpoint()
        if self._folder is not None:
            _finished.add(self._folder)

    def _leave(self, heard: Optional[Interruption], took: float) -> bool:
        if heard is not None and took > heard.remaining:
            self._warn_of_length(took, heard.remaining)
        works_on = self._on_interruption == "continue" and not _channel.asked_to_stop
        if works_on and self._heard_before and not self._is_due(time.monotonic()):
            return True
        self._heard_before = True
        self._report()
        self._commit()
        name = self._checkpoint() if self._has_channel and (self._durable or self._folder is not None) else None
        self._step_began = time.monotonic()
        if works_on:
            return True
        where = "" if self._folder is None else f", saved{'' if name is None else f' as checkpoint {name}'}"
        if self._folder is not None and self._saved != self._position:
            where = f", of which {self._saved or self.start} are saved"
        _say(f"interrupted: {self._position} of {self.total} {self.unit} are done{where}.")
        if self._on_interruption == "stop":
            return False
        self._signal.restore()
        raise Interrupted(self._position, name)

    def _report(self) -> None:
        if self._has_channel:
            _channel.report({"done": self._position, "total": self.total, "unit": self.unit})

    def _checkpoint(self) -> Optional[str]:
        try:
            return checkpoint()
        except CheckpointFailed as error:
            _say(f"after {self._position} {self.unit}: {error}")
            return None

    def _warn_of_length(self, took: float, window: float) -> None:
        _say_once(
            "length",
            f"a step took {took:.0f} s, but an interruption leaves {window:.0f} s: what is done in such a step is lost "
            f"when it is interrupted. Make the steps smaller.",
        )

    # The state: <folder>/step-<n> is complete from the moment it has this name; position and state are one rename.

    def _states(self) -> Dict[int, Path]:
        assert self._folder is not None
        found = (re.fullmatch(r"step-(\d{12})", entry.name) for entry in self._folder.glob("step-*"))
        return {int(match[1]): self._folder / match[0] for match in found if match}

    def _clean(self) -> None:
        """Removes what a kill has left half-written or half-removed, and states that have a successor."""
        assert self._folder is not None
        for left in list(self._folder.glob(".saving-*")) + list(self._folder.glob(".removing-*")):
            shutil.rmtree(left)
        states = self._states()
        for step in sorted(states)[:-1]:
            self._remove(states[step])

    def _restore_from(self, folder: Path) -> None:
        states = self._states()
        if not states:
            self._position = self.start
            self._saved = None
            return
        step = max(states)
        path = states[step]
        _verify(path, step)
        if step < self.start:
            raise LoadFailed(f"{path}: {step} {self.unit} are done there, but the loop begins at {self.start}")
        if step > self.total:
            _say(f"{path}: more is done ({step}) than this loop has ({self.total}): nothing is left to do.")
        assert self._load is not None
        try:
            self._load(path)
            if self._random and (path / _RANDOM).exists():
                restore_random_state(pickle.loads((path / _RANDOM).read_bytes()))
        except Exception as error:
            raise LoadFailed(
                f"load({str(path)!r}), the state after {step} {self.unit}, raised {type(error).__name__}: {error}"
            ) from error
        self._position = self._saved = self._tried = step
        if step >= self.total:
            _finished.add(folder)
            if self._is_live:
                self._report()

    def _commit(self, is_last: bool = False) -> None:
        """Saves the state. A full disk fails the save and not the job, but for the last one."""
        if self._folder is None or self._saved == self._position:
            return
        self._tried = self._position
        fresh = self._folder / f".saving-{self._position:012d}"
        try:
            self._write(fresh, self._begin(fresh))
        except Exception as error:
            kept = "no state is saved" if self._saved is None else f"the state after {self._saved} is kept"
            what = str(error) if isinstance(error, SaveFailed) else f"{type(error).__name__}: {error}"
            words = f"the state after {self._position} {self.unit} could not be saved in {fresh}: {what} ({kept})"
            is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
            if is_last or not is_full:
                raise SaveFailed(words) from error
            _say(f"{words}. The job goes on.")
        self._saved_at = time.monotonic()

    def _begin(self, fresh: Path) -> List[Path]:
        """Makes the folder for a save. Returns the states that it will replace."""
        before = self._states()
        if set(before) - {self._saved} or fresh.exists():
            raise SaveFailed(
                'another loop or process saves there: name each loop (name="…"), and let one process save (saver=…)'
            )
        fresh.mkdir()
        return list(before.values())

    def _write(self, fresh: Path, before: List[Path]) -> None:
        assert self._folder is not None and self._save is not None
        try:
            self._save(fresh)
            if next(fresh.iterdir(), None) is None:
                raise SaveFailed("save returned without having written anything into the folder that it was given")
            if self._random:
                (fresh / _RANDOM).write_bytes(pickle.dumps(random_state()))
            _seal(fresh, self._position, self.total)
            os.rename(fresh, self._folder / f"step-{self._position:012d}")
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        self._saved = self._position
        _sync(self._folder)
        for path in before:
            self._remove(path)

    def _remove(self, path: Path) -> None:
        """Renamed first: what is half-removed must not look like a state."""
        gone = path.with_name(f".removing-{path.name}")
        try:
            os.rename(path, gone)
            shutil.rmtree(gone)
        except OSError as error:
            _say_once("remove", f"an old state is left: {error}")


def _check(
    start: int, every: Optional[int], seconds: Optional[float], save: Optional[Function],
    load: Optional[Function], name: str, on_interruption: str,
) -> None:  # fmt: skip
    if start < 0:
        raise ValueError(f"start is a whole number from 0 on, not {start!r}")
    if every is not None and (not isinstance(every, int) or every < 1):
        raise ValueError(f"every is a whole number of steps from 1 on, not {every!r}")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"seconds is more than 0, not {seconds!r}")
    if (save is None) != (load is None):
        raise ValueError("give both save and load, or neither: a state that is saved must be loaded, too")
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", name) is None:
        raise ValueError(f"name is made of letters, digits, _ . -, and begins with none of the last two, not {name!r}")
    if on_interruption not in ("raise", "stop", "continue"):
        raise ValueError(f'on_interruption is "raise", "stop" or "continue", not {on_interruption!r}')


def _sizes(folder: Path) -> Dict[str, int]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != _MANIFEST)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _seal(folder: Path, step: int, total: int) -> None:
    """Writes the position beside the state, and makes all of it durable on this disk."""
    manifest = {"format": _FORMAT, "step": step, "total": total, "files": _sizes(folder)}
    (folder / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    for path in sorted(folder.rglob("*"), reverse=True):
        if not path.is_symlink() and (path.is_file() or path.is_dir()):
            _sync(path)
    _sync(folder)


def _verify(path: Path, step: int) -> None:
    advice = "remove it to begin from the start"
    try:
        manifest = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LoadFailed(f"{path} is no complete state: {error}; {advice}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise LoadFailed(f"{path} was written by another version of spotproof.py; {advice}, or install that version")
    if manifest.get("step") != step:
        raise LoadFailed(f"{path} says that it is the state after {manifest.get('step')!r}: it was renamed; {advice}")
    sizes = _sizes(path)
    wrong = sorted(name for name, size in manifest.get("files", {}).items() if sizes.get(name) != size)
    if wrong:
        raise LoadFailed(f"{path} is not as it was saved: {', '.join(wrong[:5])} missing or of another size; {advice}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def steps(
    total: int, *, every: Optional[int] = None, seconds: Optional[float] = None, save: Optional[Function] = None,
    load: Optional[Function] = None, start: int = 0, name: str = "steps", unit: str = "steps",
    random_state: bool = False, durable: Optional[bool] = None, on_interruption: str = "raise",
    saver: Optional[bool] = None,
) -> Steps:  # fmt: skip
    """The numbers from `start` to `total` - 1, going on after the last saved one; for `for`, `with`, and callbacks.

    every, seconds    save after so many steps, or so much time, whichever comes first (default: 60 s)
    save(folder)      writes the state into this empty folder (a `pathlib.Path`), completely, before it returns
    load(folder)      reads it back; called once, before the first step, and only when there is a state
    name              each loop of a program has its own
    random_state      save and restore the generators of `random`, numpy and torch, too (see `random_state()`)
    durable           make each save a checkpoint and wait for it (default: only under --commit-by program;
                      otherwise Spotproof takes the folder at its own intervals)
    on_interruption   "raise": save, make a checkpoint, raise `Interrupted` (status 75). "stop": the same, but end the
                      loop. "continue": the same, but work on until Spotproof asks to stop (SIGTERM), then "raise"
    saver             whether this process saves and listens (default: `is_saver()`); the others only load

    Raises ValueError, `LoadFailed`, `SaveFailed`, `FencedOut`, `Interrupted`.
    """
    return Steps(
        total, start=start, every=every, seconds=seconds, save=save, load=load, name=name, unit=unit,
        random_state=random_state, durable=durable, on_interruption=on_interruption, saver=saver,
    )  # fmt: skip
