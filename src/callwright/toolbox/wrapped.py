"""Bubblewrap around an isolated process: namespaces in which the host can not be written or reached.

Every file of the host is mounted read-only; no process of the host is in sight; there is no network. What a
tool has no business to read is not there at all: the folders that processes share (/tmp, /run), and the
places where people keep keys. Inside, the process confines itself once more with Landlock and seccomp.

Not used are ``--new-session``, because the process is started in a session of its own already, and
``--die-with-parent``, because it means the death of the *thread* that started bubblewrap, and ours end after
each batch: the life line of `process` does that job.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

PLACES = ("/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
"""Where bubblewrap is looked for, whatever PATH says: one that anybody could put there confines nobody."""
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/run", "/dev/shm")
"""What processes leave for each other: temporary files, sockets, keys of the running session."""
PRIVATE = (
    ".ssh", ".gnupg", ".aws", ".azure", ".oci", ".kube", ".docker", ".config/gcloud", ".config/gh",
    ".config/op", ".config/rclone", ".password-store", ".local/share/keyrings", ".terraform.d", ".mozilla",
    ".config/google-chrome", ".config/chromium", ".netrc", ".git-credentials", ".pypirc", ".npmrc", ".pgpass",
    ".my.cnf", ".vault-token", ".cargo/credentials.toml", ".cache/huggingface/token", ".huggingface",
    ".bash_history", ".zsh_history", ".python_history",
)  # fmt: skip
"""Under a home: keys, tokens, passwords and what was typed."""
_OF_THE_SYSTEM = ("/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/sudoers", "/etc/sudoers.d")
_PACKAGE = Path(__file__).parent.parent
_NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
_UNPRIVILEGED = ("--unshare-user", *_NAMESPACES, "--cap-drop", "ALL")
# Root needs no user namespace, and keeps its right to read: without it, it could not even read the tools of
# the user that it works for.
_ROOT = (*_NAMESPACES, "--cap-drop", "ALL", "--cap-add", "CAP_DAC_READ_SEARCH")


@lru_cache(maxsize=64)
def wrapping(folder: Path) -> tuple[tuple[str, ...], str]:
    """Return the words before a command that works in `folder`, or none of them and why they do not work.

    Tried once for each folder, by starting an interpreter in it (20 ms).
    """
    if sys.platform != "linux":
        return (), "bubblewrap needs Linux"
    program = next((place for place in PLACES if _trusted(place)), "")
    if not program:
        return (), f"bubblewrap is not installed as {PLACES[0]} (the package is called bubblewrap)"
    missing = ""
    for rights in (_ROOT, _UNPRIVILEGED) if os.geteuid() == 0 else (_UNPRIVILEGED,):
        words = (program, *rights, *_mounts(folder), "--chdir", str(folder))
        missing = _refusal([*words, "--", sys.executable, "-I", "-S", "-c", ""])
        if not missing:
            return words, ""
    return (), missing


def _trusted(place: str) -> bool:
    """Tell whether only root could have put the program there."""
    try:
        found = os.stat(place)
    except OSError:
        return False
    writable = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(found.st_mode) and found.st_uid == 0 and not writable and os.access(place, os.X_OK)


def _refusal(command: list[str]) -> str:
    """Run `command` and return its complaint, or nothing if it has none."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env={}, timeout=9, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start: {error}"
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode("utf-8", "replace").split("\n")
    return f"bubblewrap is not allowed to work: {lines[0].strip()[:200] or f'status {done.returncode}'}"


def _mounts(folder: Path) -> list[str]:
    needed = _needed(folder)
    hidden = [place for place in _existing(SHARED_FOLDERS) if place not in needed]
    private = [place for home in _homes() for place in _existing(f"{home}/{name}" for name in PRIVATE)]
    private = [place for place in (*private, *_existing(_OF_THE_SYSTEM)) if not _holds(place, needed)]
    folders = [*hidden, *(place for place in private if os.path.isdir(place))]
    words = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for place in hidden:
        words += ["--tmpfs", place]
    for place in needed:
        if _holds_any(hidden, [place]):
            words += ["--ro-bind", place, place]
    for place in private:
        words += ["--tmpfs", place] if place in folders else ["--ro-bind", os.devnull, place]
    for place in folders:
        words += ["--remount-ro", place]
    return words


def _needed(folder: Path) -> list[str]:
    """Return what the process reads to start: the interpreter, its packages, this package, the tools."""
    places = [sys.prefix, sys.base_prefix, sys.exec_prefix, str(_PACKAGE), str(folder)]
    places += [os.path.dirname(os.path.realpath(sys.executable)), os.path.dirname(sys.executable)]
    if _holds_any(SHARED_FOLDERS, sys.path):
        places += _search_path()
    wanted = {os.path.abspath(place) for place in places if place}
    wanted |= {os.path.realpath(place) for place in wanted}
    return sorted(place for place in wanted if os.path.exists(place))


@lru_cache(maxsize=1)
def _search_path() -> list[str]:
    """Ask for the folders that an isolated process imports from; ours may hold others, such as a script's."""
    command = [sys.executable, "-P", "-s", "-c", "import sys; print(*sys.path, sep='\\n')"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env={}, check=False)
    return done.stdout.decode("utf-8", "replace").splitlines()


def _homes() -> list[str]:
    """Return the homes whose files this user can read: its own, and everybody's for root."""
    homes = {os.path.realpath(os.path.expanduser("~")), os.path.realpath(os.path.expanduser(f"~{_user()}"))}
    if os.geteuid() == 0:
        homes |= {str(home) for home in Path("/home").glob("*/")}
    return sorted(homes)


def _user() -> str:
    import pwd  # not on every platform

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run as a number
        return ""


def _existing(places: Iterable[str]) -> list[str]:
    return sorted({os.path.realpath(place) for place in places if os.path.exists(place)})


def _holds(place: str, needed: list[str]) -> bool:
    """Tell whether something needed lies at or below `place`."""
    return any(path == place or path.startswith(place + "/") for path in needed)


def _holds_any(folders: Iterable[str], places: Iterable[str]) -> bool:
    """Tell whether one of `places` lies below one of `folders`."""
    return any(place.startswith(folder + "/") for folder in folders for place in places)
