//! From results to answers: tables, leaderboards with intervals and tests, claims, and the report.

pub mod claims;
pub mod leaderboards;
pub mod report;
pub mod results;
