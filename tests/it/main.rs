//! The contract, through public doors: real HTTP and SSE against a whole Paygate, on a database of its
//! own. One file per section of the wire contract, and one per promise that spans sections.
//!
//! `PAYGATE_TEST_DATABASE_URL=postgres://user@host/db` runs the same suite on PostgreSQL; each test makes
//! a database beside that one and drops it. Without it each test has a SQLite file.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

mod acquirer_http;
mod backoffice;
mod backoffice_pages;
mod canary;
mod card_testing;
mod cards;
mod concurrency;
mod constraints;
mod conventions;
mod customers;
mod dead_actor;
mod demo;
mod doubt;
mod doubt_desk;
mod doubt_ends;
mod house;
mod idempotency;
mod lab;
mod leaps;
mod logs;
mod methods;
mod network_down;
mod operations;
mod operator;
mod pages;
mod password_lock;
mod private_files;
mod production;
mod restart;
mod shares;
mod shops;
mod sockets;
mod sse;
mod storage;
mod sweeper;
mod tenancy;
mod tls;
mod two_processes;
