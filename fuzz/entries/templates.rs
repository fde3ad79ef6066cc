//! Prompts: front matter, template, rendering.

use hyperagent::prompt::{Output, Prompt, ROLES, samples};

/// The most text a prompt may come to.
const MOST_BYTES: usize = 512 * 1024;

/// Reads the bytes as a prompt of each role. Whatever it is, a fault has a code and a line of the text; what is read renders
/// to the same bounded text each time, or says why not.
pub fn templates(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lines = u32::try_from(text.split('\n').count()).expect("few lines");
    let prompt = match Prompt::parse(text) {
        Ok(prompt) => prompt,
        Err(fault) => {
            assert!(fault.code.starts_with("E10"), "{}", fault.code);
            assert!(fault.line <= lines, "line {} of {lines}: {}", fault.line, fault.message);
            return;
        }
    };
    for table in ROLES {
        for fault in prompt.check(table, Output::Edit) {
            assert!(fault.code.starts_with("E20") && fault.line <= lines, "{fault:?}");
        }
        for sample in samples(table) {
            let rendered = prompt.render(&sample.variables);
            match &rendered {
                Ok(text) => assert!(text.len() <= MOST_BYTES, "{} bytes", text.len()),
                Err(fault) => assert_eq!(fault.code, "E310", "{}", fault.message),
            }
            let again = prompt.render(&sample.variables);
            assert_eq!(rendered.ok(), again.ok(), "two renderings differ");
        }
    }
}
