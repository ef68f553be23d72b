//! The one binary: see [`web::cli`].

use mimalloc::MiMalloc;

/// A third of the server's time in the rush was the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    web::cli::main()
}
