//! What a prompt says about the form of the answer.

use crate::domain::agent::AnswerFormat;
use crate::domain::editable::EditablePaths;

/// The form of an answer in words for a prompt, with an example.
pub fn contract(format: AnswerFormat) -> &'static str {
    match format {
        AnswerFormat::Edit => EDIT,
        AnswerFormat::Full => FULL,
    }
}

/// The same for a candidate: where files may be added, it says which.
pub fn candidate_contract(format: AnswerFormat, editable: &EditablePaths) -> String {
    let form = contract(format);
    if editable.is_open() {
        format!("{form}- Files you may change, and add: {editable}.\n")
    } else {
        form.to_owned()
    }
}

const EDIT: &str = "\
Answer with one line that begins `summary:` and says what you changed and why, then one or more blocks. Before each \
block stands the path of the file on a line of its own.

summary: count each word once, since repeats inflated the total
words.py
<<<<<<< SEARCH
    total = len(words)
=======
    total = len(set(words))
>>>>>>> REPLACE

- SEARCH holds whole lines copied exactly from the file, indentation included; they must occur there exactly once. Take \
as few lines as make them unique.
- Blocks apply from top to bottom; several blocks and several files are fine.
- A new file: a block with an empty SEARCH. A file to remove: the line `DELETE path`.
- Everything outside the blocks is read as remarks.
";

const FULL: &str = "\
Answer with one line that begins `summary:` and says what you changed and why, then each changed file whole: its path on \
a line of its own and the complete new text in a fenced block.

summary: count each word once, since repeats inflated the total
words.py
```python
def count(words):
    return len(set(words))
```

- Write every line of a file you change; files you do not name stay as they are.
- If the text itself contains fences, use a longer fence around it.
- A file to remove: the line `DELETE path`.
";
