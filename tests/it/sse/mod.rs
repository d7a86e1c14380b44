//! Section 5: event streams.

mod doors;
mod keys_end;
mod order;
mod resume;
mod stay;
