//! Flags of a bench.

/// The value of `--name VALUE` on the command line of a bench, else the default.
pub fn flag<T: std::str::FromStr>(name: &str, default: T) -> T {
    let mut words = std::env::args().skip_while(|word| *word != format!("--{name}"));
    match words.nth(1) {
        Some(value) => value.parse().unwrap_or_else(|_| panic!("--{name} {value} cannot be read")),
        None => default,
    }
}
