//! End-to-end tests: the whole line from a kiosk's request to the inspector's screen, over real
//! servers and a real browser, and the shape of the workspace itself.
//!
//! How to add one more: a module here, a test whose name is the sentence that it proves, built on
//! `support::Line`.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

pub mod browser;

#[cfg(test)]
mod attack;
#[cfg(test)]
mod board;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod defects;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod deps;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod family;
#[cfg(test)]
mod gates;
#[cfg(test)]
mod hangup;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod network;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod owners;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod process;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod roll_call;
#[cfg(test)]
mod sabotage;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod staff;
#[cfg(test)]
mod structure;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transport;
#[cfg(test)]
mod wire;
#[cfg(test)]
mod yesterday;
