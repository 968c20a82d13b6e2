//! Whether a file is a whole shared library for this machine, judged by its bytes alone.
//!
//! The dynamic loader maps what the headers promise; what lies beyond the end of the file kills the process when it is
//! touched. So a plugin's headers are compared with its size first.

/// Why bytes are not a library that can be loaded here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ElfFault {
    /// There is nothing in it.
    #[error("it is not a shared library: it is empty")]
    Empty,
    /// It is something else.
    #[error("it is not a shared library: it does not begin as one does (with the bytes 7F 45 4C 46)")]
    Foreign,
    /// It is for other machines.
    #[error("it is a library for other machines ({found}), and this is {here}: build it for this machine", here = std::env::consts::ARCH)]
    Machine {
        /// What it is for.
        found: String,
    },
    /// It is a program or an object file.
    #[error("it is not a shared library but {0}: build it as a `cdylib`")]
    Type(&'static str),
    /// It ends too early.
    #[error(
        "it is not a whole shared library: it has {size} bytes, and its headers speak of {needed}: it was cut when it was \
         copied or downloaded; copy it again"
    )]
    Cut {
        /// The bytes that are there.
        size: u64,
        /// The bytes that there should be, at least.
        needed: u64,
    },
    /// Its headers contradict themselves.
    #[error("it is not a shared library that can be loaded: {0}")]
    Damaged(&'static str),
}

/// Size of a file's header.
const HEADER: u64 = 64;
/// Size of a program header.
const SEGMENT: u64 = 56;
/// Size of a section header.
const SECTION: u64 = 64;
/// Sections of this type take no room in the file.
const NO_BITS: u32 = 8;

/// Checks that all that the headers of a 64-bit little-endian library speak of is there.
pub(crate) fn check(bytes: &[u8]) -> Result<(), ElfFault> {
    let size = bytes.len() as u64;
    match bytes.get(..4) {
        _ if bytes.is_empty() => return Err(ElfFault::Empty),
        Some(b"\x7FELF") => {}
        _ => return Err(ElfFault::Foreign),
    }
    let file = Reader(bytes);
    let within = |needed: Option<u64>| match needed {
        Some(needed) if needed <= size => Ok(()),
        Some(needed) => Err(ElfFault::Cut { size, needed }),
        None => Err(ElfFault::Damaged("its headers speak of more bytes than a file can have")),
    };
    within(Some(HEADER))?;
    check_kind(&file)?;

    let (segments, count) = (file.long(32), u64::from(file.short(56)));
    if u64::from(file.short(54)) != SEGMENT || count == 0 {
        return Err(ElfFault::Damaged("it has no segments to be loaded"));
    }
    within(segments.checked_add(count * SEGMENT))?;
    let (mut loaded, mut dynamic) = (false, false);
    for at in (0..count).map(|index| segments + index * SEGMENT) {
        let kind = file.word(at);
        let (offset, filled, room) = (file.long(at + 8), file.long(at + 32), file.long(at + 40));
        within(offset.checked_add(filled))?;
        // PT_LOAD and PT_DYNAMIC.
        if kind == 1 && filled > room {
            return Err(ElfFault::Damaged("a segment is larger in the file than in memory"));
        }
        loaded |= kind == 1;
        dynamic |= kind == 2;
    }
    if !loaded || !dynamic {
        return Err(ElfFault::Damaged("it has no segments to be loaded"));
    }

    // Sections may have been stripped. Where they are, they lie at the end, so that any cut shows.
    let (sections, count) = (file.long(40), u64::from(file.short(60)));
    if sections == 0 || count == 0 {
        return Ok(());
    }
    if u64::from(file.short(58)) != SECTION {
        return Err(ElfFault::Damaged("its sections are of another format"));
    }
    within(sections.checked_add(count * SECTION))?;
    (0..count).map(|index| sections + index * SECTION).try_for_each(|at| {
        if file.word(at + 4) == NO_BITS {
            Ok(())
        } else {
            within(file.long(at + 24).checked_add(file.long(at + 32)))
        }
    })
}

/// Checks that the header is that of a shared library for this machine.
fn check_kind(file: &Reader<'_>) -> Result<(), ElfFault> {
    let (class, order) = (file.0[4], file.0[5]);
    if class != 2 || order != 1 {
        let bits = if class == 1 { "32-bit" } else { "64-bit" };
        let order = if order == 2 { "big-endian" } else { "little-endian" };
        return Err(ElfFault::Machine { found: format!("{bits}, {order}") });
    }
    let machine = file.short(18);
    let here = match std::env::consts::ARCH {
        "x86_64" => 62,
        "aarch64" => 183,
        "riscv64" => 243,
        // What this lossnet runs on has a number that is not known here: the dynamic loader will tell.
        _ => machine,
    };
    if machine != here {
        let found = match machine {
            3 => "x86".to_owned(),
            21 => "powerpc64".to_owned(),
            40 => "arm".to_owned(),
            62 => "x86_64".to_owned(),
            183 => "aarch64".to_owned(),
            243 => "riscv64".to_owned(),
            other => format!("machine number {other}"),
        };
        return Err(ElfFault::Machine { found });
    }
    match file.short(16) {
        3 => Ok(()),
        1 => Err(ElfFault::Type("an object file")),
        2 => Err(ElfFault::Type("a program")),
        4 => Err(ElfFault::Type("a core dump")),
        _ => Err(ElfFault::Type("something else")),
    }
}

/// Numbers at places that were checked to be there.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&self, at: u64) -> [u8; N] {
        let from = usize::try_from(at).ok();
        let bytes = from.and_then(|from| self.0.get(from..from.checked_add(N)?));
        bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
    }

    fn short(&self, at: u64) -> u16 {
        u16::from_le_bytes(self.bytes(at))
    }

    fn word(&self, at: u64) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    fn long(&self, at: u64) -> u64 {
        u64::from_le_bytes(self.bytes(at))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The C library, which every test has loaded.
    fn library() -> Vec<u8> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let path = maps
            .split_whitespace()
            .find(|word| word.contains("/libc.so") || word.contains("/libc-"))
            .unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn a_library_cut_anywhere_is_refused() {
        let whole = library();
        check(&whole).unwrap();
        for percent in 0..100 {
            let cut = &whole[..whole.len() * percent / 100];
            let expected = if percent == 0 { ElfFault::Empty } else { check(cut).unwrap_err() };
            assert_eq!(check(cut), Err(expected.clone()), "{percent} %");
            assert!(matches!(expected, ElfFault::Empty | ElfFault::Cut { .. }), "{percent} %: {expected}");
        }
        assert!(check(&whole[..whole.len() - 1]).is_err());
        assert!(check(&whole[..1]).is_err());
    }

    #[test]
    fn other_files_are_told_apart() {
        assert_eq!(check(b"this is text"), Err(ElfFault::Foreign));
        let mut library = library();
        library[18..20].copy_from_slice(&40_u16.to_le_bytes());
        assert_eq!(check(&library), Err(ElfFault::Machine { found: "arm".to_owned() }));
        library[4] = 1;
        assert_eq!(check(&library), Err(ElfFault::Machine { found: "32-bit, little-endian".to_owned() }));
    }

    #[test]
    fn changed_headers_never_panic() {
        let library = library();
        for at in 0..128 {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut changed = library.clone();
                changed.truncate(4096);
                changed[at] = value;
                let _ = check(&changed);
            }
        }
    }
}
