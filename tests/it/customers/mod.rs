//! Section 3: customers.

mod accounts;
mod approve;
mod give_up;
mod history;
mod history_days;
