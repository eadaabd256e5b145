"""Run the service on this machine.

`python -m shelter.running up` runs the whole service until Ctrl-C. `... manage COMMAND` runs a command of manage.py on its data.
`... with COMMAND` runs any command beside fresh servers for tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from shelter.environment import env as env_of_this
from shelter.running import commands, process, state
from shelter.running.programs import NotHere
from shelter.running.servers import addresses, is_named, servers
from shelter.running.supervisor import Child, say, tell

FIRST_PORT = 8000
PATIENCE = 90
"""Seconds that a command beside servers gets to tidy up: it may have several servers of its own to end."""


class Interrupted(Exception):
    """A signal asked this process to end."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    # The first signal is enough: a second Ctrl-C must not interrupt the tidying up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Interrupted


def up() -> int:
    """Run servers, web, worker, placer and beat until Ctrl-C or SIGTERM; return the exit status."""
    folder = state.state_dir()
    try:
        lock = state.lock(folder)
    except state.AlreadyRunning as other:
        say(f"Shanyrak already runs from this folder (process {other}). Stop it with Ctrl-C there, or: kill {other}")
        return 1
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    children: list[Child] = []
    compiling: subprocess.Popen[bytes] | None = None
    try:
        # On a fresh machine this takes a minute, in which nobody waits: tables, gazetteer and demo are made meanwhile.
        compiling = process.start([sys.executable, *commands.COMPILE], cwd=state.CHECKOUT)
        say("starting PostgreSQL and Redis")
        with servers(folder, say=say) as urls:
            port = free_port(env_of_this.whole("PORT", FIRST_PORT, least=1))
            env = environment(folder, urls, port)
            try:
                prepare = process.start(
                    [sys.executable, "-m", "shelter.running.prepare", "--demo"], env=env, cwd=state.CHECKOUT
                )
                try:
                    if prepare.wait():
                        say("preparing failed; the reason stands above")
                        return 1
                finally:
                    process.stop(prepare, seconds=5)
                for name, command in (("web", commands.WEB), ("worker", commands.WORKER)):
                    children.append(Child(name, command, env))
                    children[-1].start()
                wait_for_port(port)
                say_how_to_sign_in(env)
                # These two ask for plans all the time. A plan that is made before would compile the engine a second time.
                later = [Child("placer", commands.PLACER, env), Child("beat", commands.BEAT, env)]
                while True:
                    if later and compiling.poll() is not None:
                        if compiling.returncode:
                            say("the engine could not be compiled beforehand; the first plan compiles it")
                        for child in later:
                            child.start()
                        children += later
                        later = []
                    time.sleep(0.5)
                    for child in children:
                        child.look()
            finally:
                for child in children:
                    child.ask_to_end()
                for child in children:
                    child.stop()
    except Interrupted:
        say("stopped; the data is kept in " + str(folder))
        return 0
    except (RuntimeError, OSError) as problem:
        say(f"cannot run: {problem}")
        return 1
    finally:
        if compiling is not None:
            process.stop(compiling, seconds=5)
        lock.close()


def say_how_to_sign_in(env: dict[str, str]) -> None:
    """Print where everything is, as one block at the end of the screen, where people look."""
    told = subprocess.run(
        [sys.executable, "manage.py", "how_to_sign_in"],
        env=env,
        cwd=state.CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    tell(
        f"\n{told.stdout}     * | Shanyrak is up: {env['SHELTER_SITE_URL']}  (Ctrl-C stops everything and keeps the data)\n\n"
    )


def free_port(wanted: int) -> int:
    """Return the port `wanted` where it is free, else the next free one, and say so. Raises RuntimeError where none is."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port != wanted:
            say(f"port {wanted} is taken by another program; using {port}")
        return port
    raise RuntimeError(f"no free port from {wanted} to {wanted + 49}; set PORT to another one")


def wait_for_port(port: int, seconds: float = 60.0) -> None:
    """Wait until a server listens on `port`. Raises RuntimeError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the web server did not start within {seconds:.0f} seconds")


def environment(folder: Path, urls: dict[str, str], port: int) -> dict[str, str]:
    """Return the environment of the service's processes: a trial makes up only the variables that are not set."""
    made_up = {
        **state.keys(folder),
        "SHELTER_HTTPS": "no",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SHELTER_SITE_URL": f"http://127.0.0.1:{port}",
        "SHELTER_HELP_CONTACT": "+7 700 000 00 00",
        "SHELTER_STATIC_ROOT": str(folder / "static"),
        "SHELTER_BEAT_FILE": str(folder / "beat"),
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        # Root in a container tries the service too. What Celery says about that is for whoever runs it for real.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    return {**made_up, **os.environ, **urls, "PORT": str(port)}


def manage(words: list[str]) -> int:
    """Run a command of manage.py on the data of `up`, whether or not that runs now; return the exit status of the command."""
    signal.signal(signal.SIGTERM, _stop)
    folder = state.state_dir()
    with ExitStack() as stack:
        try:
            stack.enter_context(state.lock(folder))
            urls = stack.enter_context(servers(folder))
        except state.AlreadyRunning:
            urls = addresses(folder)
        except NotHere as problem:
            say(f"cannot run: {problem}")
            return 1
        env = environment(folder, urls, env_of_this.whole("PORT", FIRST_PORT, least=1))
        # Stay in the folder where the command was typed, and do not enter the checkout: the paths in `words` start there.
        return subprocess.run([sys.executable, state.CHECKOUT / "manage.py", *words], env=env).returncode  # noqa: S603


def run_with(command: list[str]) -> int:
    """Run `command` beside servers of its own, throw these away afterwards, and return the exit status of the command."""
    signal.signal(signal.SIGTERM, _stop)
    # A script starts its background commands with Ctrl-C ignored. The child would inherit that and never end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="shanyrak-test-"))
    folder.chmod(0o755)
    (folder / "static").mkdir()
    try:
        with servers(folder, for_tests=True, say=say) as urls:
            env = {"DEBUG": "yes", "SHELTER_STATIC_ROOT": str(folder / "static"), **os.environ, **urls}
            if not is_named("DATABASE_URL"):
                # The server is thrown away, so its tests may leave a template there (tests/databases.py).
                env["SHELTER_TEST_TEMPLATE"] = "yes"
            child = subprocess.Popen(command, env=env)  # noqa: S603 - the caller's own command
            try:
                return child.wait()
            except (KeyboardInterrupt, Interrupted):
                return _ended(child)
    except NotHere as problem:
        say(f"cannot run: {problem}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ended(child: subprocess.Popen[bytes]) -> int:
    """Ask a command to end, together with the processes that it started, and return its exit status."""
    child.send_signal(signal.SIGINT)
    try:
        return child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        say(f"{child.args!r} did not end within {PATIENCE} seconds and is killed")
        child.kill()
        return child.wait()


def main() -> int:
    match sys.argv[1:]:
        case ["up"]:
            return up()
        case ["manage", *words] if words:
            return manage(words)
        case ["with", *command] if command:
            return run_with(command)
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
