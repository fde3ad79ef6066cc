//! Putting one changed byte of a line back, as its checksum tells.
//!
//! A CRC is linear: the checksum of the text as found, xor the one noted, depends on nothing but the change and its
//! distance from the end. Walking that difference back from the end, a byte at a time, it equals the table's entry for
//! the change at the place of the change. In a text of `n` bytes a false place turns up by chance with `n / 2^24`; what
//! comes of it must still read as a record with the number that is missing.

use super::line::{self, TAIL};

/// The table of CRC-32 (IEEE), reflected: what a byte leaves in an empty register.
const TABLE: [u32; 256] = table();
const POLYNOMIAL: u32 = 0xEDB8_8320;
/// Which entry has a given highest byte: each has another.
const BY_TOP: [u8; 256] = by_top();

/// The line with its one changed byte put back, wherever in it that is; the places tried are few, so there may be several.
pub(super) fn candidates(line: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let Some((text, tail)) = line.len().checked_sub(TAIL).and_then(|at| line.split_at_checked(at))
    else {
        return found;
    };
    let expected = line::tail(text);
    let differing = expected.iter().zip(tail).filter(|(a, b)| a != b).count();
    if differing == 1 {
        found.push([text, expected.as_slice()].concat());
    }
    let Some(noted) = line::noted(tail) else { return found };
    let mut register = crc32fast::hash(text) ^ noted;
    for place in (0..text.len()).rev() {
        let change = entry_with_top(register);
        if TABLE.get(usize::from(change)) == Some(&register) && change != 0 {
            let mut mended = line.to_vec();
            if let Some(byte) = mended.get_mut(place) {
                *byte ^= change;
                found.push(mended);
            }
        }
        register = back(register);
    }
    found
}

/// The register before a zero byte came in.
fn back(register: u32) -> u32 {
    let index = entry_with_top(register);
    let entry = TABLE.get(usize::from(index)).copied().unwrap_or_default();
    ((register ^ entry) << 8) | u32::from(index)
}

/// The one entry of the table whose highest byte is the register's.
fn entry_with_top(register: u32) -> u8 {
    BY_TOP.get((register >> 24) as usize).copied().unwrap_or_default()
}

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "at compile time")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut register = index as u32;
        let mut bit = 0;
        while bit < 8 {
            register = (register >> 1) ^ if register & 1 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        table[index] = register;
        index += 1;
    }
    table
}

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "at compile time")]
const fn by_top() -> [u8; 256] {
    let mut places = [0; 256];
    let mut index = 0;
    while index < 256 {
        places[(TABLE[index] >> 24) as usize] = index as u8;
        index += 1;
    }
    places
}
