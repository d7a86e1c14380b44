//! Section 5: event streams.

mod doors;
mod order;
mod resume;
mod stay;
