//! Strategy scripts, as far as they are read without being run.

use hyperagent::script::worker;

/// Examines the bytes as a script, twice. What is found has a code and a line of the source, and is the same again; a script
/// that passes has the hook without which there is none.
pub fn scripts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lines = u32::try_from(text.split('\n').count()).expect("few lines");
    let checked = worker::examine(text);
    for finding in &checked.findings {
        assert!(finding.code.starts_with(['E', 'W']) && finding.code.len() == 4, "{finding:?}");
        assert!(finding.line <= lines && !finding.message.is_empty(), "{finding:?} of {lines}");
    }
    if checked.passes() {
        assert!(checked.hooks.iter().any(|found| found.hook.required()), "{checked:?}");
    }
    assert_eq!(format!("{checked:?}"), format!("{:?}", worker::examine(text)));
}
