//! Which level this machine offers, proven by attacking it: a level counts when its attacks were stopped, not when a
//! call returned success.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;

use super::attack;
use super::error::SandboxError;
use super::report::{AttackReport, Probe};
use super::spec::{End, Exit, Host, Program, Spec};
use super::start::start;
use super::supervisor::VERB;
use crate::base::digest::Digest;
use crate::base::durable::replace_file;
use crate::domain::outcome::{SandboxLevel, ViolationKind};
use crate::domain::task::Limits;

/// The levels, strongest first.
const LEVELS: [SandboxLevel; 3] =
    [SandboxLevel::Full, SandboxLevel::KernelFilter, SandboxLevel::Rlimits];
/// Attacks that only level `full` claims to stop.
const FULL_ONLY: [&str; 1] = ["see-processes"];
/// How long a process that was left behind may take to be gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// Finds the strongest level that holds.
///
/// The answer is kept in the file `cache` for this boot, kernel, user and binary; below `full` the sandboxes make
/// their folders in `temporary`.
pub async fn probe(
    executable: &Path,
    temporary: &Path,
    cache: &Path,
) -> Result<Probe, SandboxError> {
    let key = circumstances(executable);
    if let Some(kept) = Kept::read(cache)
        && kept.key == key
    {
        return Ok(kept.probe);
    }
    let probe = attack_levels(executable, temporary).await?;
    let kept = Kept { key, probe };
    if let Ok(text) = serde_json::to_vec_pretty(&kept) {
        // Without a place to keep it the next probe attacks again.
        let _ = replace_file(cache, &text);
    }
    Ok(kept.probe)
}

async fn attack_levels(executable: &Path, temporary: &Path) -> Result<Probe, SandboxError> {
    let mut lacking = Vec::new();
    for level in LEVELS {
        let host =
            Host { executable: executable.to_owned(), level, temporary: temporary.to_owned() };
        let reports = match attacks(&host).await {
            Ok(reports) => reports,
            Err(error) if level == SandboxLevel::Rlimits => return Err(error),
            Err(error) => {
                lacking.push(error.to_string());
                continue;
            }
        };
        let through: Vec<&str> = reports
            .iter()
            .filter(|report| !report.stopped && claims(level, &report.name))
            .map(|report| report.name.as_str())
            .collect();
        if through.is_empty() {
            return Ok(Probe { level, attacks: reports, lacking });
        }
        lacking.push(format!("level `{level}` did not stop: {}", through.join(", ")));
    }
    Err(SandboxError::Level {
        level: SandboxLevel::Rlimits,
        reason: lacking.pop().unwrap_or_default(),
    })
}

/// Whether a level claims to stop an attack.
fn claims(level: SandboxLevel, attack: &str) -> bool {
    match level {
        SandboxLevel::Full => true,
        SandboxLevel::KernelFilter => !FULL_ONLY.contains(&attack),
        SandboxLevel::Rlimits => matches!(
            attack,
            attack::MEMORY | attack::CPU | attack::WALL | attack::BOMB | attack::DAEMON
        ),
    }
}

/// Attacks a host's sandbox in every known way, some of them at once; takes about a second.
pub async fn attacks(host: &Host) -> Result<Vec<AttackReport>, SandboxError> {
    let (many, x32, bomb, memory, cpu, wall, daemon) = tokio::join!(
        many(host),
        x32(host),
        limit(host, attack::BOMB, ViolationKind::Processes),
        limit(host, attack::MEMORY, ViolationKind::Memory),
        limit(host, attack::CPU, ViolationKind::Cpu),
        limit(host, attack::WALL, ViolationKind::Wall),
        daemon(host),
    );
    let mut reports = many?;
    reports.extend([x32?, bomb?, memory?, cpu?, wall?, daemon?]);
    Ok(reports)
}

fn attacker(words: &[&str]) -> Spec {
    let args = std::iter::once(&attack::WORD).chain(words).map(|word| (*word).to_owned()).collect();
    let limits =
        Limits { wall_ms: 10_000, cpu_ms: 5_000, memory_mb: 256, processes: 8, output_kb: 64 };
    Spec::new(Program::Own { verb: VERB.to_owned(), args }, limits)
}

/// The attacks that one process can make.
async fn many(host: &Host) -> Result<Vec<AttackReport>, SandboxError> {
    let bait = Bait::lay(&host.temporary)
        .map_err(|error| SandboxError::Files { reason: error.to_string() })?;
    let own_id = std::process::id().to_string();
    let spec = attacker(&[attack::MANY, &bait.secret, &bait.folder_name, &own_id]);
    let exit = start(host, spec).await?.wait().await;
    let mut reports = lines(&exit);
    if exit.end != End::Exited(0) {
        reports.push(report("attacker", false, format!("did not come to its end: {:?}", exit.end)));
    }
    Ok(reports)
}

/// A call by a foreign number: ends the attacker, or fails where the kernel has no such numbers.
async fn x32(host: &Host) -> Result<AttackReport, SandboxError> {
    let exit = start(host, attacker(&[attack::X32])).await?.wait().await;
    let said = lines(&exit).into_iter().next();
    Ok(match (&exit.end, said) {
        (End::Killed(ViolationKind::Tamper), _) => {
            report("x32-call", true, "ended the attacker".to_owned())
        }
        (_, Some(said)) => said,
        (end, None) => report("x32-call", false, format!("{end:?}")),
    })
}

/// An attack on a limit, which must end it by that limit's name.
async fn limit(host: &Host, name: &str, kind: ViolationKind) -> Result<AttackReport, SandboxError> {
    let mut spec = attacker(&[name]);
    match kind {
        ViolationKind::Processes => spec.limits.processes = 4,
        ViolationKind::Memory => spec.limits.memory_mb = 64,
        ViolationKind::Cpu => spec.limits.cpu_ms = 100,
        _ => spec.limits.wall_ms = 150,
    }
    let exit = start(host, spec).await?.wait().await;
    let detail = exit.violations.first().map(|violation| violation.detail.clone());
    let detail = detail.unwrap_or_else(|| format!("{:?}", exit.end));
    Ok(report(name, exit.end == End::Killed(kind), detail))
}

/// A process left behind holds the relay open; when it is gone the relay is closed.
async fn daemon(host: &Host) -> Result<AttackReport, SandboxError> {
    let mut spec = attacker(&[attack::DAEMON]);
    spec.relay = true;
    let mut running = start(host, spec).await?;
    let relay = running.take_relay();
    let exit = running.wait().await;
    let gone = match relay {
        None => false,
        Some(mut relay) => {
            let closed = tokio::time::timeout(PATIENCE, relay.read_u8()).await;
            matches!(closed, Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof)
        }
    };
    let detail = if gone { "nothing is left".to_owned() } else { "it lives on".to_owned() };
    Ok(report(attack::DAEMON, gone && exit.end == End::Exited(0), detail))
}

fn report(name: &str, stopped: bool, detail: String) -> AttackReport {
    AttackReport { name: name.to_owned(), stopped, detail }
}

fn lines(exit: &Exit) -> Vec<AttackReport> {
    String::from_utf8_lossy(&exit.stdout)
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, '\t');
            let (name, stopped, detail) = (fields.next()?, fields.next()?, fields.next()?);
            Some(report(name, stopped == "true", detail.to_owned()))
        })
        .collect()
}

/// A folder that anybody may write to, with a file that anybody may read: file permissions alone stop nobody there.
struct Bait {
    _folder: tempfile::TempDir,
    folder_name: String,
    secret: String,
}

impl Bait {
    fn lay(temporary: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hyperagent-bait-").tempdir_in(temporary)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777))?;
        let secret = folder.path().join("secret");
        fs::write(&secret, "for nobody's eyes")?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o644))?;
        Ok(Self {
            folder_name: folder.path().to_string_lossy().into_owned(),
            secret: secret.to_string_lossy().into_owned(),
            _folder: folder,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    key: Digest,
    probe: Probe,
}

impl Kept {
    fn read(cache: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(cache).ok()?).ok()
    }
}

/// All that a level depends on: boot, kernel, user and its powers, container, binary.
fn circumstances(executable: &Path) -> Digest {
    let read = |path: &str| fs::read(path).unwrap_or_default();
    let status = String::from_utf8_lossy(&read("/proc/self/status"))
        .lines()
        .filter(|line| {
            ["Uid:", "CapEff:", "NoNewPrivs:", "Seccomp:"].iter().any(|key| line.starts_with(key))
        })
        .collect::<Vec<_>>()
        .join("\n");
    let namespaces: Vec<String> = ["user", "mnt"]
        .iter()
        .filter_map(|kind| fs::read_link(format!("/proc/self/ns/{kind}")).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    let binary = fs::metadata(executable)
        .map(|found| format!("{} {} {}", found.len(), found.mtime(), found.mtime_nsec()))
        .unwrap_or_default();
    Digest::of_parts([
        ("boot", read("/proc/sys/kernel/random/boot_id").as_slice()),
        ("kernel", read("/proc/sys/kernel/osrelease").as_slice()),
        ("status", status.as_bytes()),
        ("namespaces", namespaces.join(" ").as_bytes()),
        ("path", executable.as_os_str().as_encoded_bytes()),
        ("binary", binary.as_bytes()),
    ])
}
