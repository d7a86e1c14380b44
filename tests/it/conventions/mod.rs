//! Section 1: conventions.

mod bodies;
mod cors;
mod envelope;
mod limits;
mod methods;
mod queue;
