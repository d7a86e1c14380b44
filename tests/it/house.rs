//! The rules of the house: what a room may name, and that nothing imports upwards.

use std::path::{Path, PathBuf};

/// The code that ships: its path below `src`, and its text without comments and without tests.
struct File {
    path: String,
    code: String,
}

impl File {
    fn is_in(&self, room: &str) -> bool {
        self.path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    }
}

fn shipped() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&src.join("lib.rs"), &src, &src, &mut files);
    walk(&src.join("main.rs"), &src, &src, &mut files);
    assert!(files.len() > 100, "only {} files are found", files.len());
    files
}

/// Reads a file and the modules that it declares, but for those of tests.
fn walk(file: &Path, folder: &Path, src: &Path, files: &mut Vec<File>) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut code = String::new();
    let mut is_test = false;
    for line in text.lines() {
        if line == "#[cfg(test)]" {
            is_test = true;
            continue;
        }
        let declared = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ").strip_prefix("mod ");
        match declared.map(|rest| rest.trim_end_matches(';')) {
            // The tests of a file stand at its end.
            Some(rest) if is_test && rest.ends_with('{') => break,
            Some(_) if is_test => {}
            Some(name) if line.ends_with(';') => {
                let (path, inner) = module(folder, name);
                walk(&path, &inner, src, files);
            }
            _ => {}
        }
        is_test = is_test && (line.starts_with("#[") || line.is_empty());
        // Words in comments import nothing. (A `//` within a text ends the line too early, which hides no import.)
        code.push_str(line.split("//").next().unwrap());
        code.push('\n');
    }
    let path = file.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
    files.push(File { path, code });
}

/// Where a module is, and where its own modules are.
fn module(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let inner = folder.join(name);
    let alone = folder.join(format!("{name}.rs"));
    if alone.exists() { (alone, inner) } else { (inner.join("mod.rs"), inner) }
}

/// Whether `code` names `word` as a whole word.
fn names(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

/// The rooms that code of ours names: behind `crate::`, alone or in braces.
fn rooms(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            rooms.push(rest);
            continue;
        };
        let mut depth = 0;
        let mut start = 0;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    rooms.push(&group[start..at]);
                    break;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    rooms.push(&group[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
    }
    let first =
        |path: &str| path.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned);
    rooms.into_iter().filter_map(first).filter(|room| !room.is_empty()).collect()
}

#[test]
fn the_domain_knows_no_clock_no_database_no_network_and_no_randomness() {
    for file in shipped().iter().filter(|file| file.is_in("domain")) {
        for word in [
            "actix",
            "actix_web",
            "sea_orm",
            "sqlx",
            "tokio",
            "reqwest",
            "rand",
            "metrics",
            "tracing",
            "SystemTime",
            "Instant",
            "f32",
            "f64",
            "now_v7",
            "new_v4",
        ] {
            assert!(!names(&file.code, word), "{} names {word}", file.path);
        }
        for path in ["std::time", "std::net", "std::fs", "std::env", "Timestamp::now", "Zoned::now"] {
            assert!(!file.code.contains(path), "{} names {path}", file.path);
        }
    }
}

#[test]
fn the_store_alone_names_the_database() {
    for file in shipped().iter().filter(|file| !file.is_in("store")) {
        for word in ["sea_orm", "sqlx", "paygate_entity", "paygate_migration"] {
            assert!(!names(&file.code, word), "{} names {word}", file.path);
        }
    }
}

#[test]
fn nothing_imports_upwards() {
    let files = shipped();
    for (room, below) in [
        ("domain", &[][..]),
        ("supervision", &[]),
        ("vault", &["domain"]),
        ("shares", &["domain"]),
        ("sockets", &["shares"]),
        ("live", &["domain", "shares"]),
        ("acquirer", &["domain", "vault", "private_files"]),
        ("store", &["domain", "vault", "supervision", "shares", "private_files"]),
        ("clock", &[]),
        ("actors", &["domain", "vault", "supervision", "clock", "shares", "live", "acquirer", "store"]),
    ] {
        let of_room: Vec<_> = files.iter().filter(|file| file.is_in(room)).collect();
        assert!(!of_room.is_empty(), "there is a room {room}");
        for file in of_room {
            for named in rooms(&file.code) {
                assert!(named == room || below.contains(&&*named), "{} imports {named}", file.path);
            }
        }
    }
}

#[test]
fn only_what_stands_above_names_routes_and_pages() {
    for file in shipped() {
        let is_above = ["routes", "pages", "startup", "commands", "config", "demo", "lab", "main"];
        if is_above.iter().any(|room| file.is_in(room)) || file.path == "lib.rs" {
            continue;
        }
        let upwards = rooms(&file.code).into_iter().find(|named| matches!(named.as_str(), "routes" | "pages"));
        assert!(upwards.is_none(), "{} imports {upwards:?}", file.path);
    }
}
