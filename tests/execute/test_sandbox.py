"""The sandbox with malicious programs. Every bomb here also limits itself, in case the sandbox fails to."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import pytest

from themis_rm.errors import InputError, UserError
from themis_rm.execute import sandbox
from themis_rm.execute.sandbox import Isolation, Limits, Sandbox, isolation

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is executed on Linux only")

READS = [sys.prefix, sys.base_prefix]
MEBIBYTE = 1 << 20


@pytest.fixture(params=[True, False], ids=["namespaces", "plain"])
def isolated(request):
    if request.param and not isolation().complete:
        pytest.skip(f"no namespaces here: {isolation().reason}")
    return request.param


@pytest.fixture
def namespaces():
    if not isolation().complete:
        pytest.skip(f"no namespaces here: {isolation().reason}")


def python(program, isolated=True, disk=64 * MEBIBYTE, arguments=(), **limits):
    limits = Limits(**{"seconds": 20.0, **limits})
    with Sandbox({"main.py": textwrap.dedent(program).encode()}, READS, disk, isolated) as opened:
        return opened.run([sys.executable, "-B", "main.py", *arguments], limits=limits)


def processes_with(marker):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in text:
                found.append(int(entry.name))
    return found


def gone(marker, within=10.0):
    end = time.monotonic() + within
    while processes_with(marker):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_input_output_and_exit_status_are_passed(isolated):
    with Sandbox({"a/b.txt": b"file"}, isolated=isolated) as opened:
        ran = opened.run(["/bin/sh", "-c", "cat; cat a/b.txt; echo oh >&2; exit 3"], b"given ")
    assert (ran.state, ran.code, ran.stdout, ran.stderr) == ("exit", 3, b"given file", b"oh\n")
    assert ran.isolated is isolated


def test_standard_input_can_be_opened_by_name(isolated):
    with Sandbox({}, isolated=isolated) as opened:
        assert opened.run(["/bin/sh", "-c", "cat /dev/stdin"], b"given").stdout == b"given"


def test_a_missing_program_has_exit_status_127(isolated):
    with Sandbox({}, isolated=isolated) as opened:
        assert opened.run(["/nowhere"]).code == 127


def test_death_by_a_signal_is_reported(isolated):
    ran = python("import os; os.abort()", isolated)
    assert (ran.state, ran.code) == ("killed", -signal.SIGABRT)


@pytest.mark.parametrize("name", ["../x", "/x", "", "a/../../x", "a\0b"])
def test_a_file_name_outside_the_directory_is_an_error(name):
    with pytest.raises(InputError, match="work directory"):
        Sandbox({name: b""})


def test_another_operating_system_is_a_user_error(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UserError, match="Linux"):
        Sandbox({})


def test_a_sandbox_without_namespaces_does_not_claim_them():
    text = str(Isolation(complete=False, reason="unshare: not permitted"))
    assert "are accessible" in text
    assert "unshare: not permitted" in text


@pytest.mark.parametrize("deaf", [False, True], ids=["loop", "ignores-SIGTERM"])
def test_an_endless_loop_ends_at_its_limit(isolated, deaf):
    prelude = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if deaf else ""
    ran = python(prelude + "while True: pass", isolated, seconds=0.5)
    assert ran.state == "timeout"
    assert ran.seconds < 10


def test_endless_output_is_cut(isolated):
    ran = python("import sys\nfor _ in range(10**6): sys.stdout.write('x' * 65536)", isolated, output=1000, seconds=20)
    assert ran.state == "output-limit"
    assert ran.stdout == b"x" * 1000


def test_output_of_exactly_the_limit_is_allowed(isolated):
    ran = python("print('x' * 999)", isolated, output=1000)
    assert (ran.state, len(ran.stdout)) == ("exit", 1000)


@pytest.mark.parametrize(
    "program",
    [
        "with open('f', 'wb') as f:\n    for _ in range(64): f.write(bytes(1 << 20)); f.flush()",
        "for n in range(64): open(f'f{n}', 'wb').write(bytes(1 << 20))",
        "import tempfile\nfor n in range(64): open(tempfile.mkstemp()[1], 'wb').write(bytes(1 << 20))",
    ],
    ids=["one-file", "many-files", "temporary-files"],
)
def test_disk_usage_is_limited(isolated, program):
    ran = python(program + "\nimport time; time.sleep(2)", isolated, disk=8 * MEBIBYTE)
    assert ran.state == "disk-limit"


def test_the_number_of_files_is_limited(namespaces):
    ran = python("for n in range(50_000): open(f'f{n}', 'w').close()")
    assert ran.state == "disk-limit"


def test_memory_is_limited(isolated):
    program = "data = []\nfor _ in range(128): data.append(b'x' * (8 << 20))\nprint('allocated')"
    ran = python(program, isolated, memory=256 * MEBIBYTE)
    assert ran.code != 0
    assert b"allocated" not in ran.stdout


def test_memory_of_children_counts(isolated):
    program = """
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                data = b"x" * (64 << 20)
                time.sleep(5)
                os._exit(0)
        for _ in range(8):
            os.wait()
        print("allocated")
    """
    assert python(program, isolated, memory=256 * MEBIBYTE).state == "memory-limit"


SHARED = """
    import mmap, time
    held = [mmap.mmap(-1, 32 << 20) for _ in range(16)]
    for block in held:
        for at in range(0, 32 << 20, 4096):
            block[at] = 1
        block.madvise(mmap.MADV_DONTNEED)
    time.sleep(5)
"""


@pytest.mark.parametrize("group", [True, False], ids=["control-group", "counted"])
def test_shared_memory_counts_even_if_it_is_not_mapped(isolated, group, monkeypatch):
    if not group:
        monkeypatch.setattr(sandbox, "create_memory_group", str)
    assert python(SHARED, isolated, memory=256 * MEBIBYTE).state == "memory-limit"


def test_files_in_memory_count(namespaces):
    program = "import time\nfor n in range(48): open(f'f{n}', 'wb').write(bytes(1 << 20))\ntime.sleep(5)"
    assert python(program, memory=32 * MEBIBYTE).state == "memory-limit"


def test_buffers_of_sockets_count(isolated):
    program = "import socket, time\nheld = [socket.socketpair() for _ in range(200)]\ntime.sleep(5)"
    assert python(program, isolated, memory=128 * MEBIBYTE).state == "memory-limit"


def test_standard_input_cannot_be_written_to(isolated):
    assert b"not permitted" in python("import os; os.write(0, b'x')", isolated).stderr


REFUSED = """
    import ctypes, errno, os
    libc = ctypes.CDLL(None, use_errno=True)
    NEW_USER = 0x10000000
    calls = {
        "unshare": lambda: libc.unshare(NEW_USER),
        "clone": lambda: libc.syscall(CLONE, NEW_USER | 17, 0, 0, 0, 0),
        "clone3": lambda: libc.syscall(435, 0, 0),
        "shmget": lambda: libc.shmget(0, 4096, 0o1600),
        "memfd_create": lambda: libc.memfd_create(b"a", 0),
        "io_uring_setup": lambda: libc.syscall(425, 1, 0),
        "setns": lambda: libc.setns(0, 0),
    }
    for name, call in calls.items():
        result = call()
        print(name, result, errno.errorcode[ctypes.get_errno()])
""".replace("CLONE", "220" if os.uname().machine == "aarch64" else "56")


def test_system_calls_for_namespaces_and_hidden_memory_are_refused(isolated):
    if os.uname().machine not in {"x86_64", "aarch64"}:
        pytest.skip("no filter for this processor")
    lines = python(REFUSED, isolated).stdout.decode().splitlines()
    assert [line.split()[1:] for line in lines] == [
        ["-1", error] for error in ("EPERM", "EPERM", "ENOSYS", "EPERM", "ENOSYS", "ENOSYS", "EPERM")
    ]


FAMILIES = """
    import socket
    for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_VSOCK, 38):
        try:
            socket.socket(family, socket.SOCK_DGRAM if family == 1 else socket.SOCK_STREAM).close()
            print(int(family), "opened")
        except OSError as error:
            print(int(family), error.errno)
"""


def test_only_local_sockets_can_be_opened(namespaces):
    refused = [f"{family} 97" for family in (2, 10, 16, 40, 38)]
    assert python(FAMILIES).stdout.decode().splitlines() == ["1 opened", *refused]


FORK_BOMB = """
    import os, sys, time
    for n in range(300):
        try:
            if os.fork() == 0:
                time.sleep(10)
                os._exit(0)
        except BlockingIOError:
            print("refused after", n, flush=True)
            sys.exit(1)
    time.sleep(2)
    print("forked all of them")
"""


def test_a_fork_bomb_is_contained(isolated):
    marker = uuid.uuid4().hex
    ran = python(FORK_BOMB, isolated, arguments=[marker], processes=50)
    assert ran.state == "process-limit" or ran.stdout.startswith(b"refused after")
    assert gone(marker)


DAEMON = """
    import os, sys, time
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        for fd in range(3):
            os.close(fd)
        time.sleep(60)
        os._exit(0)
    time.sleep(0.3)
    print("done")
"""


def test_a_daemon_does_not_outlive_its_run(isolated):
    marker = uuid.uuid4().hex
    ran = python(DAEMON, isolated, arguments=[marker])
    assert (ran.state, ran.stdout) == ("exit", b"done\n")
    assert gone(marker, within=2.0)


def test_no_process_remains_for_the_next_run(isolated):
    marker = uuid.uuid4().hex
    with Sandbox({"main.py": textwrap.dedent(DAEMON).encode()}, READS, isolated=isolated) as opened:
        opened.run([sys.executable, "main.py", marker])
        assert not processes_with(marker)
        assert opened.run(["/bin/echo", "fine"]).stdout == b"fine\n"


KILLED_OWNER = """
import sys, tempfile
tempfile.tempdir = sys.argv[3]
from themis_rm.execute.sandbox import Sandbox, Limits
with Sandbox({"main.py": b"import time; print('up', flush=True); time.sleep(60)"}, [sys.prefix, sys.base_prefix],
         isolated=sys.argv[2] == "True") as opened:
    opened.run([sys.executable, "main.py", "inside-" + sys.argv[1]], limits=Limits(seconds=60))
"""


def test_nothing_outlives_the_kill_of_the_owning_process(isolated, tmp_path):
    marker = uuid.uuid4().hex
    owner = subprocess.Popen([sys.executable, "-c", KILLED_OWNER, marker, str(isolated), str(tmp_path)])
    try:
        end = time.monotonic() + 20
        while not processes_with(f"inside-{marker}") and time.monotonic() < end:
            time.sleep(0.05)
        assert processes_with(f"inside-{marker}")
    finally:
        owner.kill()
        owner.wait()
    assert gone(marker)
    end = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    assert not list(tmp_path.iterdir())


CONNECT = """
    import socket, sys
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5):
        print("connected")
"""


def test_the_network_is_blocked_or_reported_as_accessible(isolated):
    with socket.create_server(("127.0.0.1", 0)) as server:
        ran = python(CONNECT, isolated, arguments=[str(server.getsockname()[1])])
    assert ran.isolated is isolated
    assert ran.stdout == (b"" if isolated else b"connected\n")


def test_files_of_this_machine_are_hidden(namespaces, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    ran = python("import os, sys; print(os.path.exists(sys.argv[1]))", arguments=[str(secret)])
    assert ran.stdout == b"False\n"


def test_configuration_and_sources_of_this_machine_are_hidden(namespaces):
    ran = python("import os; print(*[os.path.exists(p) for p in ('/usr/local/etc', '/usr/src', '/usr/share/doc')])")
    assert ran.stdout == b"False False False\n"


def test_hidden_directories_are_empty(namespaces, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").touch()
    with Sandbox({}, [str(tmp_path)], hides=[str(tmp_path / "secret")]) as opened:
        assert opened.run(["/bin/ls", "-A", str(tmp_path), str(tmp_path / "secret")]).stdout.count(b"key") == 0


def test_only_own_processes_are_visible(namespaces):
    ran = python("import os; print([n for n in os.listdir('/proc') if n.isdigit()] == [str(os.getpid())])")
    assert os.geteuid() != 0 or ran.stdout == b"True\n"


@pytest.mark.parametrize("directory", ["/usr/lib", sys.prefix, sys.base_prefix])
def test_the_toolchains_cannot_be_written_to(namespaces, directory):
    path = Path(directory) / f"themis-test-{uuid.uuid4().hex}"
    ran = python("import sys; open(sys.argv[1], 'w')", arguments=[str(path)])
    assert ran.code == 1
    assert not path.exists()


def test_writes_to_system_directories_stay_in_the_sandbox(namespaces):
    path = Path(f"/etc/themis-test-{uuid.uuid4().hex}")
    python("import sys; open(sys.argv[1], 'w')", arguments=[str(path)])
    assert not path.exists()


def test_the_environment_is_not_passed_on(isolated, monkeypatch):
    monkeypatch.setenv("THEMIS_SECRET", "x")
    assert python("import os; print('THEMIS_SECRET' in os.environ)", isolated).stdout == b"False\n"


def test_a_program_has_no_capabilities(namespaces):
    ran = python("print(*[line for line in open('/proc/self/status') if line.startswith(('CapEff', 'NoNew'))])")
    assert b"CapEff:\t0000000000000000" in ran.stdout
    assert b"NoNewPrivs:\t1" in ran.stdout


def test_a_program_cannot_kill_other_processes(namespaces):
    with Sandbox({}, isolated=True) as opened:
        ran = opened.run(["/bin/sh", "-c", "kill -9 1; kill -9 -1; echo alive"])
        assert ran.stdout == b"alive\n"
        assert opened.run(["/bin/echo", "alive"]).code == 0


def test_a_program_cannot_write_to_the_launcher(namespaces):
    program = "import os\nfor fd in range(3, 256):\n    try: os.fstat(fd); print(fd)\n    except OSError: pass"
    assert python(program).stdout == b""


def test_the_work_directory_is_removed():
    with Sandbox({"a.txt": b""}, isolated=False) as opened:
        directory = Path(opened.directory)
        assert (directory / "a.txt").exists()
    assert not directory.exists()


def test_a_run_after_the_launcher_was_killed_is_killed(isolated):
    with Sandbox({}, isolated=isolated) as opened:
        os.kill(opened._process.pid, signal.SIGKILL)
        assert opened.run(["/bin/true"]).state == "killed"


def test_a_sandbox_that_cannot_be_created_is_a_user_error(monkeypatch):
    monkeypatch.setattr(sandbox.Sandbox, "_request", lambda *_: {"error": "unshare: Operation not permitted"})
    with pytest.raises(UserError, match=r"^No sandbox can be created: unshare: Operation not permitted\.$"):
        Sandbox({})
