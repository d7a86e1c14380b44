//! The lab can fail: each contradiction between the journal, the card company's books and what was told is
//! found, counted and named.

mod forgiven;
mod judge;
mod memory;
mod money;

use std::path::PathBuf;

use super::database::Target;

#[test]
fn a_database_that_is_somebodys_or_nothing_is_refused() {
    assert_eq!("sqlite:///tmp/new/lab.db".parse(), Ok(Target::Sqlite(Some(PathBuf::from("/tmp/new/lab.db")))));
    assert!(matches!("postgres://me@localhost/db".parse(), Ok(Target::Postgres(_))));
    let existing = format!("sqlite://{}", file!());
    for text in [&existing, "", "sqlite://", "sqlite:///x.db?mode=ro", "mysql://localhost/db", "paygate.db"] {
        assert!(text.parse::<Target>().is_err(), "{text}");
    }
}
