//! The `hyperagent` command.

fn main() -> std::process::ExitCode {
    hyperagent::cli::main()
}
