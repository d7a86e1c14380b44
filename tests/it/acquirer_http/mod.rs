//! Section 6: the card network over real HTTP, row by row.

mod basic;
mod broken;
mod calls;
mod network;
mod sandbox;
