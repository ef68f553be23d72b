//! What somebody does who means harm. `make test` runs each at a size of seconds; `make attack` at full size,
//! and there the times count too.

mod slow_clients;

/// Whether this is `make attack`: everything at full size, alone on the machine.
pub fn at_full_size() -> bool {
    std::env::var_os("ATTACK").is_some()
}
