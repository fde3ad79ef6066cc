//! Tests of the subject named by this file: attacks and excesses, run by Python through the sandbox at every level
//! that this machine offers.
#![cfg(test)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hyperagent::domain::outcome::{SandboxLevel, Violation, ViolationKind};
use hyperagent::domain::task::Limits;
use hyperagent::sandbox::python::{self, Python};
use hyperagent::sandbox::{self, End, Exit, Host, Program, SandboxError, Spec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ALL: [SandboxLevel; 3] =
    [SandboxLevel::Full, SandboxLevel::KernelFilter, SandboxLevel::Rlimits];
/// The levels that confine; `rlimits` only limits.
const CONFINING: [SandboxLevel; 2] = [SandboxLevel::Full, SandboxLevel::KernelFilter];

fn host(level: SandboxLevel) -> Host {
    Host {
        executable: PathBuf::from(env!("CARGO_BIN_EXE_hyperagent")),
        level,
        temporary: std::env::temp_dir(),
    }
}

async fn interpreter() -> Python {
    let path = std::env::var("PATH").expect("a PATH");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python.json");
    python::find(None, &path, &cache).await.expect("CPython 3.11 or later")
}

/// A Python program with generous limits.
async fn python(code: &str) -> Spec {
    let python = interpreter().await;
    let args = ["-I", "-S", "-c", code].map(str::to_owned).into();
    let limits =
        Limits { wall_ms: 30_000, cpu_ms: 20_000, memory_mb: 256, processes: 8, output_kb: 64 };
    let mut spec = Spec::new(Program::Path { path: python.path, args }, limits);
    spec.readable = python.readable;
    spec.system_libraries = true;
    spec
}

/// Runs a program to its end; `None`, with the reason printed, where this machine does not offer the level.
async fn run(level: SandboxLevel, spec: Spec) -> Option<Exit> {
    start(level, spec).await?.wait().await.into()
}

async fn start(level: SandboxLevel, spec: Spec) -> Option<sandbox::Running> {
    match sandbox::start(&host(level), spec).await {
        Ok(running) => Some(running),
        Err(SandboxError::Level { level, reason }) if level > SandboxLevel::Rlimits => {
            println!("SKIPPED: level `{level}` is not offered here: {reason}");
            None
        }
        Err(error) => panic!("{level}: {error}"),
    }
}

fn stdout(exit: &Exit) -> String {
    String::from_utf8_lossy(&exit.stdout).into_owned()
}

fn stderr(exit: &Exit) -> String {
    String::from_utf8_lossy(&exit.stderr).into_owned()
}

/// Asserts that a program was ended for one kind of violation, and that it is named.
fn assert_killed(level: SandboxLevel, exit: &Exit, kind: ViolationKind) {
    assert_eq!(exit.end, End::Killed(kind), "{level}: {}", stderr(exit));
    assert_eq!(exit.violations.first().map(|violation| violation.kind), Some(kind), "{level}");
}

#[tokio::test]
async fn output_exit_code_and_use_come_back() {
    let code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)";
    for level in ALL {
        let Some(exit) = run(level, python(code).await).await else { continue };
        assert_eq!(exit.end, End::Exited(7), "{level}");
        assert_eq!((stdout(&exit).as_str(), stderr(&exit).as_str()), ("out\n", "err\n"));
        assert_eq!(exit.level, level);
        assert!(exit.violations.is_empty(), "{level}: {:?}", exit.violations);
        assert!(exit.usage.cpu_ms > 0 && exit.usage.peak_kb > 1000, "{level}: {:?}", exit.usage);
    }
}

#[tokio::test]
async fn the_environment_is_what_was_given_and_nothing_is_open() {
    let code = "
import os
print(sorted(os.environ.items()))
def open_fd(number):
    try: os.fstat(number)
    except OSError: return False
    return True
print([number for number in range(256) if open_fd(number)], repr(os.read(0, 1)))
print(os.listdir('.'))
";
    for level in ALL {
        for relay in [false, true] {
            let mut spec = python(code).await;
            spec.env = vec![("ONLY".into(), "this".into()), ("LC_ALL".into(), "C.UTF-8".into())];
            spec.relay = relay;
            let Some(exit) = run(level, spec).await else { continue };
            let fds = if relay { "[0, 1, 2, 3]" } else { "[0, 1, 2]" };
            let expected = format!("[('LC_ALL', 'C.UTF-8'), ('ONLY', 'this')]\n{fds} b''\n[]\n");
            assert_eq!(stdout(&exit), expected, "{level}: {}", stderr(&exit));
        }
    }
}

#[tokio::test]
async fn what_hostile_code_tries_is_denied() {
    let bait = tempfile::tempdir().expect("a folder");
    let secret = bait.path().join("secret");
    fs::write(&secret, "for nobody's eyes").expect("a secret");
    for path in [bait.path(), &secret] {
        let mut mode = fs::metadata(path).expect("metadata").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o777);
        fs::set_permissions(path, mode).expect("a mode");
    }
    let code = format!(
        "
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
def syscall(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), number)
folder, secret = {folder:?}, {secret:?}
tries = {{
    'internet': lambda: socket.socket(socket.AF_INET),
    'datagrams': lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    'unix': lambda: socket.socket(socket.AF_UNIX),
    'netlink': lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    'datagram pair': lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
    'passwd': lambda: open('/etc/passwd').read(),
    'shadow': lambda: open('/etc/shadow').read(),
    'open secret': lambda: open(secret).read(),
    'environment of others': lambda: open('/proc/1/environ').read(),
    'list the root': lambda: os.listdir('/'),
    'list home': lambda: os.listdir('/root'),
    'write outside': lambda: open(folder + '/planted', 'w'),
    'replace outside': lambda: open(secret, 'w'),
    'remove outside': lambda: os.remove(secret),
    'truncate outside': lambda: os.truncate(secret, 0),
    'change modes outside': lambda: os.chmod(secret, 0o600),
    'change times outside': lambda: os.utime(secret),
    'write next to the library': lambda: open(os.__file__ + '.planted', 'w'),
    'link from outside': lambda: os.link(os.__file__, 'linked'),
    'become another': lambda: os.setuid(os.getuid() + 1),
    'signal others': lambda: os.kill({host}, 0),
    'signal the first process': lambda: os.kill(1, 9),
    'limit others': lambda: __import__('resource').prlimit({host}, 7),
    'trace': lambda: call('ptrace', 16, os.getppid(), 0, 0),
    'mount': lambda: call('mount', b'tmpfs', b'/', b'tmpfs', 0, None),
    'new namespaces': lambda: call('unshare', 0x10000000),
    'new mounts': lambda: call('unshare', 0x00020000),
    'io_uring': lambda: syscall(425, 4, ctypes.create_string_buffer(256)),
    'clone3': lambda: syscall(435, None, 0),
    'pidfd_getfd': lambda: syscall(438, 0, 0, 0),
    'open a tree': lambda: syscall(428, -100, b'/', 1),
    'shared memory': lambda: call('shmget', 1234, 4096, 0o1666),
    'execute from scratch': lambda: os.execv('./planted', ['planted']),
}}
with open('planted', 'w') as planted:
    planted.write('#!/bin/sh')
for name, attempt in tries.items():
    try:
        attempt()
        print(name, 'WORKED')
    except OSError as error:
        print(name, 'denied', error.errno)
",
        folder = bait.path(),
        secret = &secret,
        host = std::process::id(),
    );
    for level in CONFINING {
        let Some(exit) = run(level, python(&code).await).await else { continue };
        assert_eq!(exit.end, End::Exited(0), "{level}: {}", stderr(&exit));
        let said = stdout(&exit);
        assert_eq!(said.lines().count(), 33, "{level}: {said}");
        let worked: Vec<_> = said.lines().filter(|line| line.ends_with("WORKED")).collect();
        assert!(worked.is_empty(), "{level}: {worked:?}");
        assert_eq!(fs::read_to_string(&secret).expect("the secret"), "for nobody's eyes");
    }
}

#[tokio::test]
async fn what_is_tried_in_vain_is_named_once_and_alike_at_every_level() {
    let tries = [
        ("socket.socket(socket.AF_INET)", ViolationKind::Network, "network: socket(AF_INET)"),
        ("libc.ptrace(16, os.getppid(), 0, 0)", ViolationKind::Tamper, "other processes: ptrace()"),
        (
            "libc.mount(b'x', b'/', b'tmpfs', 0, None)",
            ViolationKind::Tamper,
            "mounts and namespaces: mount()",
        ),
        (
            "libc.unshare(0x10020000)",
            ViolationKind::Tamper,
            "mounts and namespaces: unshare(CLONE_NEWNS | CLONE_NEWUSER)",
        ),
        ("libc.syscall(425, 4, None)", ViolationKind::Tamper, "kernel: io_uring_setup()"),
        ("open('/etc/passwd')", ViolationKind::Read, "outside: open(/etc/passwd)"),
        ("open(os.__file__, 'a')", ViolationKind::Write, "outside: write("),
        ("os.listdir('/')", ViolationKind::Read, "outside: open(/)"),
    ];
    let mut code = "import ctypes, os, socket\nlibc = ctypes.CDLL(None)\n".to_owned();
    for (attempt, ..) in tries.iter().chain(&tries) {
        code += &format!("try: {attempt}\nexcept OSError: pass\n");
    }
    // What ordinary programs try without a thought is refused and not named.
    code += "try: os.chmod('.', 0o700)\nexcept OSError: pass\n";
    for level in CONFINING {
        let mut spec = python(&code).await;
        spec.openings_are_named = true;
        let Some(exit) = run(level, spec).await else { continue };
        assert_eq!(exit.end, End::Exited(0), "{level}: {}", stderr(&exit));
        let seen = &exit.violations;
        assert_eq!(seen.len(), tries.len(), "{level}: {seen:#?}");
        for (attempt, kind, detail) in tries {
            let is_it = |one: &Violation| one.kind == kind && one.detail.starts_with(detail);
            assert!(seen.iter().any(is_it), "{level}: {attempt}: {seen:#?}");
        }
        println!("attempts are named at level {level}");
    }
}

#[tokio::test]
async fn a_program_that_does_nothing_but_try_is_refused_to_its_end() {
    let code = "
import socket
for turn in range(3000):
    try: socket.socket()
    except PermissionError: continue
    raise SystemExit('a socket')
";
    for level in CONFINING {
        let Some(exit) = run(level, python(code).await).await else { continue };
        assert_eq!(exit.end, End::Exited(0), "{level}: {}", stderr(&exit));
        assert_eq!(exit.violations.len(), 1, "{level}: {:?}", exit.violations);
    }
}

#[tokio::test]
async fn ordinary_programs_work_unhindered() {
    let code = "
import asyncio, os, socket, subprocess, sys, tempfile, threading
left, right = socket.socketpair()
left.sendall(b'x'); assert right.recv(1) == b'x'
async def nothing(): await asyncio.sleep(0)
asyncio.run(nothing())
thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
with tempfile.TemporaryFile() as file: file.write(b'x')
os.makedirs('a/b'); os.rename('a/b', 'c')
with open('c/d', 'w') as file: file.write('x' * 100000)
assert os.path.getsize('c/d') == 100000
child = subprocess.run([sys.executable, '-I', '-S', '-c', 'print(6 * 7)'], capture_output=True)
assert child.stdout == b'42\\n', child
assert len(os.urandom(8)) == 8 and open('/dev/zero', 'rb').read(1) == b'\\0'
open('/dev/null', 'w').write('x')
pid = os.fork()
if pid == 0: os._exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
print('fine')
";
    for level in ALL {
        let mut spec = python(code).await;
        spec.env = vec![("TMPDIR".into(), ".".into())];
        spec.openings_are_named = true;
        let Some(exit) = run(level, spec).await else { continue };
        assert_eq!(stdout(&exit), "fine\n", "{level}: {}", stderr(&exit));
        assert_eq!(exit.end, End::Exited(0), "{level}");
        assert_eq!(exit.violations, [], "{level}: an ordinary program is accused");
    }
}

#[tokio::test]
async fn at_level_full_nothing_of_the_host_is_in_sight() {
    let code = "
import os, socket
print(socket.gethostname())
print([name for name in os.listdir('/proc') if name.isdigit()], os.getpid())
print([os.path.exists(path) for path in ('/etc/hostname', '/home', '/tmp', '/usr/bin/env', '/dev/sda', '/sys')])
print(os.path.exists('/proc/cpuinfo'))
";
    let Some(exit) = run(SandboxLevel::Full, python(code).await).await else { return };
    let said = stdout(&exit);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.first(), Some(&"sandbox"), "{}", stderr(&exit));
    assert_eq!(lines.get(1), Some(&"['2'] 2"));
    assert_eq!(lines.get(2), Some(&"[False, False, False, False, False, False]"));
    assert_eq!(lines.get(3), Some(&"False"));
}

#[tokio::test]
async fn inputs_are_readable_in_place_and_cannot_be_changed() {
    let code = "
import os, sys
folder = sys.argv[1]
print(open(folder + '/pkg/a.py').read(), len(open(folder + '/big', 'rb').read()))
for change in (
    lambda: open(folder + '/pkg/a.py', 'w'),
    lambda: open(folder + '/new', 'w'),
    lambda: os.remove(folder + '/big'),
    lambda: os.rename(folder + '/pkg', 'pkg'),
    lambda: os.chmod(folder, 0o777),
):
    try:
        change(); print('WORKED')
    except OSError: print('denied')
";
    for level in CONFINING {
        let mut spec = python(code).await;
        if let Program::Path { args, .. } = &mut spec.program {
            args.push("{inputs}".into());
        }
        spec.inputs =
            vec![("pkg/a.py".into(), b"text".to_vec()), ("big".into(), vec![7; 3_000_000])];
        let Some(exit) = run(level, spec).await else { continue };
        let expected = format!("text 3000000\n{}", "denied\n".repeat(5));
        assert_eq!(stdout(&exit), expected, "{level}: {}", stderr(&exit));
    }
}

#[tokio::test]
async fn the_relay_carries_both_ways() {
    let code = "
import socket
relay = socket.socket(fileno=3)
while data := relay.recv(65536):
    relay.sendall(data.upper())
";
    for level in ALL {
        let mut spec = python(code).await;
        spec.relay = true;
        let Some(mut running) = start(level, spec).await else { continue };
        let mut relay = running.take_relay().expect("a relay");
        assert!(running.take_relay().is_none(), "there is one relay");
        relay.write_all(b"hello").await.expect("a question");
        let mut answer = [0; 5];
        relay.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer, b"HELLO");
        drop(relay);
        assert_eq!(running.wait().await.end, End::Exited(0), "{level}");
    }
}

#[tokio::test]
async fn wall_time_is_kept() {
    for level in ALL {
        let mut spec = python("import time; time.sleep(60)").await;
        spec.limits.wall_ms = 200;
        let Some(exit) = run(level, spec).await else { continue };
        assert_killed(level, &exit, ViolationKind::Wall);
        assert!((200..2000).contains(&exit.usage.wall_ms), "{level}: {:?}", exit.usage);
    }
}

#[tokio::test]
async fn cpu_time_is_kept_over_the_whole_tree() {
    let one = "while True: pass";
    let three = "
import os
os.fork(); os.fork()
while True: pass
";
    for level in ALL {
        for code in [one, three] {
            let mut spec = python(code).await;
            spec.limits.cpu_ms = 300;
            let Some(exit) = run(level, spec).await else { continue };
            assert_killed(level, &exit, ViolationKind::Cpu);
            assert!(exit.usage.cpu_ms >= 300, "{level}: {:?}", exit.usage);
        }
    }
}

#[tokio::test]
async fn memory_is_kept_over_the_whole_tree() {
    let one = "
hoard = []
while True: hoard.append(bytearray(b'x' * (1 << 20)))
";
    let six_daemons = "
import os, time
for _ in range(6):
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
        hoard = bytearray(b'x' * (30 << 20))
        time.sleep(60)
time.sleep(60)
";
    for level in ALL {
        for code in [one, six_daemons] {
            let mut spec = python(code).await;
            spec.limits.memory_mb = 120;
            let Some(exit) = run(level, spec).await else { continue };
            assert_killed(level, &exit, ViolationKind::Memory);
            assert!(exit.usage.peak_kb > 120 * 1024, "{level}: {:?}", exit.usage);
        }
    }
}

#[tokio::test]
async fn an_allocation_past_the_address_space_fails_at_once() {
    let code = "
try: bytearray(1 << 30)
except MemoryError: print('no room')
";
    for level in ALL {
        let mut spec = python(code).await;
        spec.address_space_mb = Some(300);
        let Some(exit) = run(level, spec).await else { continue };
        assert_eq!(stdout(&exit), "no room\n", "{level}: {}", stderr(&exit));
    }
}

#[tokio::test]
async fn a_fork_bomb_is_ended_by_name() {
    let code = "
import os, time
while True:
    try:
        if os.fork() == 0: time.sleep(60)
    except BlockingIOError: time.sleep(60)
";
    for level in ALL {
        let mut spec = python(code).await;
        spec.limits.processes = 4;
        let Some(exit) = run(level, spec).await else { continue };
        assert_killed(level, &exit, ViolationKind::Processes);
    }
}

#[tokio::test]
async fn output_past_the_cap_is_read_dropped_and_named() {
    for level in ALL {
        let mut spec = python("import sys; sys.stdout.write('x' * 3_000_000)").await;
        spec.limits.output_kb = 8;
        let Some(exit) = run(level, spec).await else { continue };
        assert_eq!(exit.end, End::Exited(0), "{level}: the writer must not be held up");
        assert_eq!(exit.stdout, vec![b'x'; 8 * 1024], "{level}");
        let kinds: Vec<_> = exit.violations.iter().map(|violation| violation.kind).collect();
        assert_eq!(kinds, [ViolationKind::Output], "{level}");
    }
}

#[tokio::test]
async fn files_and_scratch_have_a_size() {
    let one_file = "
import os
try:
    with open('big', 'wb', buffering=0) as file:
        for _ in range(8): assert file.write(b'x' * (1 << 20)) == 1 << 20
except (OSError, AssertionError): print(os.path.getsize('big') >> 20)
";
    let many_files = "
import time
try:
    for index in range(64):
        with open(str(index), 'wb', buffering=0) as file:
            if file.write(b'x' * (1 << 20)) < 1 << 20: raise OSError
    time.sleep(60)
except OSError: print('full after', index)
";
    for level in ALL {
        let mut spec = python(one_file).await;
        spec.file_mb = 2;
        let Some(exit) = run(level, spec).await else { continue };
        assert_eq!(stdout(&exit), "2\n", "{level}: {}", stderr(&exit));

        let mut spec = python(many_files).await;
        spec.scratch_mb = 8;
        let Some(exit) = run(level, spec).await else { continue };
        if level == SandboxLevel::Full {
            assert_eq!(stdout(&exit), "full after 8\n", "{}", stderr(&exit));
        } else {
            assert_killed(level, &exit, ViolationKind::Write);
        }
    }
}

/// A program that leaves a daemon behind which ignores polite requests and holds the relay and the outputs open.
/// The program says so over the relay and then does what `ending` says.
fn daemon_and(ending: &str) -> String {
    format!(
        "
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.write(3, b'!')
        time.sleep(600)
    os._exit(0)
os.wait()
{ending}
"
    )
}

#[tokio::test]
async fn no_process_survives_however_the_program_ends() {
    let endings = [
        ("os.read(3, 1)", End::Exited(0)),
        ("os.read(3, 1); os.kill(os.getpid(), 11)", End::Signalled(11)),
        ("time.sleep(600)", End::Killed(ViolationKind::Wall)),
        ("while True: pass", End::Killed(ViolationKind::Cpu)),
    ];
    for level in ALL {
        for (ending, expected) in &endings {
            let mut spec = python(&daemon_and(ending)).await;
            spec.relay = true;
            match expected {
                End::Killed(ViolationKind::Wall) => spec.limits.wall_ms = 1500,
                End::Killed(_) => spec.limits.cpu_ms = 500,
                _ => {}
            }
            let Some(mut running) = start(level, spec).await else { continue };
            let mut relay = running.take_relay().expect("a relay");
            assert_eq!(relay.read_u8().await.expect("the daemon's word"), b'!');
            relay.write_all(b"go").await.expect("the word to go on");
            let exit = running.wait().await;
            assert_eq!(exit.end, *expected, "{level} {ending}: {}", stderr(&exit));
            assert_closes(&mut relay, &format!("{level} {ending}")).await;
        }
    }
}

#[tokio::test]
async fn killing_or_dropping_a_program_ends_its_whole_tree() {
    for level in ALL {
        for drop_it in [false, true] {
            let mut spec = python(&daemon_and("time.sleep(600)")).await;
            spec.relay = true;
            let Some(mut running) = start(level, spec).await else { continue };
            let mut relay = running.take_relay().expect("a relay");
            assert_eq!(relay.read_u8().await.expect("the daemon's word"), b'!');
            if drop_it {
                drop(running);
            } else {
                running.kill();
                assert_eq!(running.wait().await.end, End::Stopped, "{level}");
            }
            assert_closes(&mut relay, &format!("{level} dropped: {drop_it}")).await;
        }
    }
}

/// Asserts that nobody holds the other end of a relay any more.
async fn assert_closes(relay: &mut tokio::net::UnixStream, which: &str) {
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(10), relay.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "{which}: a process survived");
}

/// Set for a copy of the test program that plays the kernel process to be killed; the level to start at.
const VICTIM: &str = "HYPERAGENT_TEST_VICTIM";

#[tokio::test]
async fn kill_minus_nine_of_the_kernel_process_ends_the_tree() {
    if let Ok(level) = std::env::var(VICTIM) {
        return be_killed(&level).await;
    }
    for level in ALL {
        let mark = format!("{level}-{}", std::process::id());
        let mut victim = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "sandbox::kill_minus_nine_of_the_kernel_process_ends_the_tree"])
            .arg("--nocapture")
            .env(VICTIM, &mark)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a copy");
        let said = BufReader::new(victim.stdout.take().expect("its output"))
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("STARTED") || line.contains("SKIPPED"));
        let started = said.as_deref().is_some_and(|line| line.contains("STARTED"));
        let before = processes_with(&mark);
        victim.kill().expect("a dead copy");
        victim.wait().expect("its end");
        if !started {
            println!("{level}: {said:?}");
            continue;
        }
        assert!(before.len() >= 2, "{level}: program and daemon must be in sight: {before:?}");
        let deadline = Instant::now() + Duration::from_secs(10);
        while !processes_with(&mark).is_empty() {
            assert!(Instant::now() < deadline, "{level}: {:?}", processes_with(&mark));
            tokio::task::yield_now().await;
        }
    }
}

async fn be_killed(mark: &str) {
    let level = ALL.into_iter().find(|level| mark.starts_with(&level.to_string()));
    let mut spec = python(&daemon_and(&format!("time.sleep(600) # {mark}"))).await;
    spec.relay = true;
    let Some(mut running) = start(level.expect("a level"), spec).await else { return };
    let mut relay = running.take_relay().expect("a relay");
    assert_eq!(relay.read_u8().await.expect("the daemon's word"), b'!');
    println!("STARTED");
    running.wait().await;
}

/// The ids of sandboxed processes with a mark in their arguments.
fn processes_with(mark: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| {
            let arguments = fs::read(path.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&arguments).contains(&format!("# {mark}"))
        })
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn what_cannot_be_started_is_an_error_that_says_why() {
    let program = |path: &str| Program::Path { path: path.into(), args: Vec::new() };
    for level in ALL {
        let good = python("pass").await;
        if run(level, good.clone()).await.is_none() {
            continue;
        }
        let cases = [
            (Spec { program: program("/no/such/program"), ..good.clone() }, "/no/such/program"),
            (Spec { program: program("/etc/passwd"), ..good.clone() }, "execute `/etc/passwd`"),
            (Spec { inputs: vec![("../x".into(), Vec::new())], ..good.clone() }, "../x"),
            (Spec { readable: vec!["/no/such/folder".into()], ..good }, "/no/such/folder"),
        ];
        for (spec, word) in cases {
            let error = sandbox::start(&host(level), spec).await.expect_err(word).to_string();
            assert!(error.contains(word), "{level}: {error}");
        }
    }
    let nowhere = Host { executable: "/no/such/binary".into(), ..host(SandboxLevel::Full) };
    let error = sandbox::start(&nowhere, python("pass").await).await.expect_err("no supervisor");
    assert!(matches!(error, SandboxError::Supervisor { .. }), "{error}");
}

#[tokio::test]
async fn the_probe_attacks_once_and_finds_no_weaker_level_than_it_claims() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cache, temporary) = (folder.path().join("probe.json"), std::env::temp_dir());
    let executable = Path::new(env!("CARGO_BIN_EXE_hyperagent"));
    let found = sandbox::probe(executable, &temporary, &cache).await.expect("a level");
    println!("level `{}`; lacking: {:?}", found.level, found.lacking);
    let through: Vec<_> = found.attacks.iter().filter(|attack| !attack.stopped).collect();
    if found.level == SandboxLevel::Full {
        assert!(through.is_empty(), "{through:?}");
    }
    assert!(found.attacks.len() >= 20, "{:?}", found.attacks);

    // Planting another answer shows that the second question is answered from the cache.
    let text = fs::read_to_string(&cache).expect("a cache");
    let own = format!("\"level\": \"{}\"", found.level);
    assert!(text.contains(&own), "{text}");
    fs::write(&cache, text.replace(&own, "\"level\": \"rlimits\"")).expect("a planted answer");
    let again = sandbox::probe(executable, &temporary, &cache).await.expect("a level");
    assert_eq!(again.level, SandboxLevel::Rlimits);
    fs::write(&cache, "{").expect("a broken cache");
    let fresh = sandbox::probe(executable, &temporary, &cache).await.expect("a level");
    assert_eq!(fresh.level, found.level);
}

#[tokio::test]
async fn every_attack_is_stopped_at_kernel_filter_but_seeing_processes() {
    let reports = match sandbox::attacks(&host(SandboxLevel::KernelFilter)).await {
        Ok(reports) => reports,
        Err(error) => {
            println!("SKIPPED: level `kernel-filter` is not offered here: {error}");
            return;
        }
    };
    let through: Vec<_> =
        reports.iter().filter(|report| !report.stopped && report.name != "see-processes").collect();
    assert!(through.is_empty(), "{through:?}");
}

/// Set for a copy of the test program that runs where no namespaces can be had.
const CONTAINED: &str = "HYPERAGENT_TEST_CONTAINED";

#[tokio::test]
async fn without_namespaces_level_full_is_an_error_and_the_probe_falls_back() {
    if std::env::var_os(CONTAINED).is_some() {
        return fall_back().await;
    }
    let code = "
import ctypes, os, sys
uid, gid = os.geteuid(), os.getegid()
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
    print('SKIPPED: this machine has no namespaces to take away:', os.strerror(ctypes.get_errno()))
    sys.exit()
for name, text in (
    ('/proc/self/setgroups', 'deny'),
    ('/proc/self/uid_map', f'0 {uid} 1'),
    ('/proc/self/gid_map', f'0 {gid} 1'),
    ('/proc/sys/user/max_user_namespaces', '0'),
):
    with open(name, 'w') as file:
        file.write(text)
os.execv(sys.argv[1], sys.argv[1:])
";
    let output = Command::new(interpreter().await.path)
        .args(["-I", "-S", "-c", code])
        .arg(std::env::current_exe().expect("this program"))
        .arg("--exact")
        .arg("sandbox::without_namespaces_level_full_is_an_error_and_the_probe_falls_back")
        .arg("--nocapture")
        .env(CONTAINED, "yes")
        .output()
        .expect("a copy");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("FELL BACK") || said.contains("SKIPPED"), "{said}");
}

async fn fall_back() {
    let refused = sandbox::start(&host(SandboxLevel::Full), python("pass").await).await;
    let error = refused.expect_err("no weaker sandbox in its place");
    let full = |level: SandboxLevel| level == SandboxLevel::Full;
    assert!(matches!(error, SandboxError::Level { level, .. } if full(level)), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    let executable = Path::new(env!("CARGO_BIN_EXE_hyperagent"));
    let cache = folder.path().join("probe.json");
    let found = sandbox::probe(executable, folder.path(), &cache).await.expect("a level");
    assert!(found.level < SandboxLevel::Full);
    let why = found.lacking.first().expect("what is lacking");
    assert!(why.contains("`full`") && why.contains("namespaces"), "{why}");
    println!("FELL BACK to `{}`", found.level);
}
