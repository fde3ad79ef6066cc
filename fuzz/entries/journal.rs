//! The reader of journals, and the one of damaged journals.

use hyperagent::journal::{self, FILE, salvage};

/// Reads the bytes as a journal. Whatever they are, what the strict reader takes is what is salvaged, and what is salvaged
/// is a sound journal again that says the same.
pub fn journal(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE);
    std::fs::write(&file, bytes).expect("a file");
    let strict = journal::read(folder.path());
    let tests = journal::of_kind(folder.path(), "test_opened");
    let Ok(mut found) = salvage(&file, bytes) else {
        assert!(strict.is_err(), "what nothing can be salvaged of was read as sound");
        return;
    };
    if let Ok(history) = &strict {
        // Of a torn end the strict reader drops what one byte put back makes whole again.
        let intact = found.intact();
        assert!(intact.starts_with(&history.records), "a sound journal was not salvaged whole");
        assert!(history.torn.is_some() || intact.len() == history.records.len(), "made up");
        assert!(history.length <= bytes.len() as u64 && tests.is_ok());
    }
    found.cut();
    let run = "run-1".parse().expect("a name");
    let text = found.text(&run).expect("a sound journal can be written");
    std::fs::write(&file, text).expect("a file");
    let again = journal::read(folder.path()).expect("what was salvaged can be read");
    assert_eq!((again.records, again.torn), (found.intact(), None));
}
