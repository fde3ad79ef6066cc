//! The two processes of a measurement, as the sandbox is asked for them.

use tokio::net::UnixStream;
use tokio::sync::OnceCell;

use super::tail::SOLUTION;
use super::wire::Wire;
use crate::base::digest::Digest;
use crate::domain::files::FileSet;
use crate::domain::task::{Case, Limits, Task};
use crate::sandbox::python::Python;
use crate::sandbox::{End, Exit, Host, Program, Running, SandboxError, Spec, start};

/// Serves a candidate's functions; the only code beside the candidate in its process.
const CANDIDATE_HOST: &str = include_str!("python/candidate_host.py");

/// What a benchmark imports as `hyperagent`.
const BENCHMARK_HELPER: &str = include_str!("python/benchmark_helper.py");

/// Starts a program of the protocol `metric-line`.
const PROGRAM_HOST: &str = include_str!("python/program_host.py");

/// Room for what such a program writes, MiB.
const PROGRAM_SCRATCH_MB: u64 = 256;

/// Libraries that would start a thread for each core: a result must not depend on their number.
const ONE_THREAD: [&str; 3] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

/// What an interpreter maps without using it, MiB.
const ADDRESS_SPACE_ROOM_MB: u64 = 64;

/// Keeps Python from the packages installed beside it.
const NO_SITE: &str = "-S";

/// Writes a source file to standard output in the form in which Python keeps compiled modules.
const COMPILE: &str = "import importlib.util, marshal, sys
with open(sys.argv[1], 'rb') as file:
    code = compile(file.read(), 'candidate_host.py', 'exec', dont_inherit=True)
sys.stdout.buffer.write(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
";

/// A benchmark is kept between candidates; what it may use is bounded all the same.
const BENCHMARK_LIMITS: Limits = Limits {
    wall_ms: 7 * 24 * 3_600_000,
    cpu_ms: 7 * 24 * 3_600_000,
    memory_mb: 2048,
    processes: 16,
    output_kb: 64,
};

/// A process with its relay.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) wire: Wire<UnixStream>,
    running: Running,
}

impl Party {
    /// Waits for the end of a process that was told, or has chosen, to end; tells whether it wrote more than it was
    /// asked. The process's own limits bound the wait.
    pub(super) async fn leave(mut self) -> (Exit, bool) {
        self.wire.finish().await;
        let exit = self.running.wait().await;
        (exit, self.wire.has_rest().await)
    }

    /// Ends the process now.
    pub(super) async fn end(self) -> Exit {
        self.running.kill();
        self.running.wait().await
    }
}

/// Why a process of a measurement could not be started; it says nothing about the candidate.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// The sandbox could not start it.
    #[error("no sandbox could be started")]
    Sandbox {
        /// What the sandbox said.
        #[from]
        source: SandboxError,
    },
    /// The interpreter did not compile the candidate's host.
    #[error("the interpreter cannot compile the host of candidates: {said}")]
    Host {
        /// What it said.
        said: String,
    },
}

/// How processes are started for measurements on this machine.
#[derive(Debug)]
pub(super) struct Machine {
    host: Host,
    python: Python,
    /// The candidate's host compiled for this interpreter: compiling it takes as long as half of Python's start, so it
    /// is done once.
    compiled_host: OnceCell<Vec<u8>>,
}

impl Machine {
    pub(super) fn new(host: Host, python: Python) -> Self {
        Self { host, python, compiled_host: OnceCell::new() }
    }

    /// Which interpreter runs candidates and benchmarks.
    pub(super) fn interpreter(&self) -> String {
        self.python.id()
    }

    /// The digest of the interpreter, the sandbox and the programs that run inside beside a candidate.
    pub(super) fn identity(&self) -> Digest {
        let parts = [
            ("interpreter", self.python.id()),
            ("sandbox", self.host.level.to_string()),
            ("candidate host", CANDIDATE_HOST.to_owned()),
            ("benchmark helper", BENCHMARK_HELPER.to_owned()),
            ("program host", PROGRAM_HOST.to_owned()),
        ];
        Digest::of_parts(parts.iter().map(|(name, text)| (*name, text.as_bytes())))
    }

    /// Starts the host of a candidate in a fresh process.
    pub(super) async fn start_candidate(
        &self,
        task: &Task,
        candidate: &FileSet,
    ) -> Result<Party, StartError> {
        let host = self.compiled_host.get_or_try_init(|| self.compile_host()).await?;
        let mut inputs = vec![("candidate_host.pyc".to_owned(), host.clone())];
        let adapter = if task.spec.benchmark.adapter.is_some() {
            inputs.push(("adapter.py".to_owned(), task.adapter.clone().into_bytes()));
            "{inputs}/adapter.py"
        } else {
            ""
        };
        for (path, text) in &candidate.0 {
            inputs.push((format!("{SOLUTION}/{path}"), text.clone().into_bytes()));
        }
        let functions = task.spec.benchmark.functions.join(",");
        let arguments = [
            // No folder is put in front of the module search, so no file of a candidate can shadow what the host imports.
            "-P",
            "{inputs}/candidate_host.pyc",
            "{inputs}/solution",
            &task.spec.solution.entry,
            &functions,
            adapter,
        ];
        let limits = task.spec.limits;
        let spec = Spec {
            inputs,
            address_space_mb: Some(limits.memory_mb.saturating_add(ADDRESS_SPACE_ROOM_MB)),
            relay: true,
            openings_are_named: true,
            ..self.python_spec(&arguments, limits)
        };
        self.start_party(spec).await
    }

    /// Starts a task's benchmark; it reads the task's folder, and nothing else of the lab.
    pub(super) async fn start_benchmark(&self, task: &Task) -> Result<Party, StartError> {
        let program = task.folder.join(&task.spec.benchmark.program);
        let arguments = ["{inputs}/hyperagent.py", &program.to_string_lossy()];
        let mut spec = self.python_spec(&arguments, BENCHMARK_LIMITS);
        spec.inputs = vec![("hyperagent.py".to_owned(), BENCHMARK_HELPER.into())];
        spec.readable.push(task.folder.clone());
        spec.relay = true;
        self.start_party(spec).await
    }

    /// Runs a benchmark's program on a candidate to its end; it reads the candidate and the task's folder.
    pub(super) async fn run_program(
        &self,
        task: &Task,
        candidate: &FileSet,
        case: &Case,
    ) -> Result<Exit, StartError> {
        let benchmark = &task.spec.benchmark;
        let folder = format!("{{inputs}}/{SOLUTION}");
        let mut arguments = vec![
            "{inputs}/program_host.py".to_owned(),
            task.folder.join(&benchmark.program).to_string_lossy().into_owned(),
        ];
        arguments.extend(benchmark.arguments.iter().map(|argument| {
            argument
                .replace("{solution}", &format!("{folder}/{}", task.spec.solution.entry))
                .replace("{folder}", &folder)
                .replace("{seed}", &case.seed.to_string())
        }));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut spec = self.python_spec(&arguments, task.spec.limits);
        if let (true, Program::Path { args, .. }) = (benchmark.site_packages, &mut spec.program)
            && let Some(flag) = args.iter().position(|argument| argument == NO_SITE)
        {
            args.remove(flag);
        }
        let candidate = candidate.0.iter();
        spec.inputs = candidate
            .map(|(path, text)| (format!("{SOLUTION}/{path}"), text.clone().into_bytes()))
            .chain([("program_host.py".to_owned(), PROGRAM_HOST.into())])
            .collect();
        let one_thread = ONE_THREAD.map(|name| (name.to_owned(), "1".to_owned()));
        spec.env.extend(one_thread);
        spec.env.push(("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()));
        spec.readable.push(task.folder.clone());
        (spec.scratch_mb, spec.file_mb) = (PROGRAM_SCRATCH_MB, PROGRAM_SCRATCH_MB);
        Ok(start(&self.host, spec).await?.wait().await)
    }

    async fn start_party(&self, spec: Spec) -> Result<Party, StartError> {
        let mut running = start(&self.host, spec).await?;
        let relay = running.take_relay().ok_or_else(|| SandboxError::Files {
            reason: "a process was started without its relay".into(),
        })?;
        Ok(Party { wire: Wire::new(relay), running })
    }

    async fn compile_host(&self) -> Result<Vec<u8>, StartError> {
        let arguments = ["-c", COMPILE, "{inputs}/candidate_host.py"];
        let mut spec = self.python_spec(&arguments, Limits::default());
        spec.inputs = vec![("candidate_host.py".to_owned(), CANDIDATE_HOST.into())];
        let exit = start(&self.host, spec).await?.wait().await;
        if exit.end == End::Exited(0) && !exit.stdout.is_empty() {
            Ok(exit.stdout)
        } else {
            let said = format!("{:?} {}", exit.end, String::from_utf8_lossy(&exit.stderr).trim());
            Err(StartError::Host { said })
        }
    }

    /// Python with its standard library alone, the same hashes each time, and nothing of the user's environment.
    fn python_spec(&self, arguments: &[&str], limits: Limits) -> Spec {
        let args =
            ["-s", NO_SITE, "-B"].iter().chain(arguments).map(|text| (*text).to_owned()).collect();
        let mut spec = Spec::new(Program::Path { path: self.python.path.clone(), args }, limits);
        // The flag -I would make Python ignore the hash seed, without which the order of sets differs between runs.
        spec.env = [("PYTHONHASHSEED", "0"), ("PYTHONUTF8", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        spec.readable = self.python.readable.clone();
        spec.system_libraries = true;
        spec
    }
}
