//! A database that fails, in the ways that a test can bring about from outside on both databases.

mod commit_fails;
mod damaged;
mod illness;
mod lost_tail;
mod readiness;
mod real_disk;
mod real_server;
mod silent;
