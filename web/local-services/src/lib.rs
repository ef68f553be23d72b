//! Private servers for the demo and the tests: a Postgres cluster, a NATS server, an S3 server, a mail server
//! and WhatsApp's API on free loopback ports, owned by this process and stopped with it, however it ends.
//!
//! Knows nothing of schools. How it stops: each server runs under a small shell that waits for its
//! standard input to close; when this process goes, even by SIGKILL, the kernel closes the pipe and
//! the shell stops the server. No signal handler, no unsafe code, nothing left behind.

pub mod binaries;
pub mod failpoint;
pub mod nats;
pub mod postgres;
pub mod proxy;
pub mod s3;
pub mod sabotage;
pub mod small_disk;
pub mod smtp;
mod supervised;
pub mod testing;
pub mod whatsapp;

pub use nats::NatsServer;
pub use postgres::PostgresCluster;
pub use proxy::FaultProxy;
pub use s3::S3Server;
pub use small_disk::SmallDisk;
pub use smtp::MailServer;
pub use supervised::Supervised;
pub use whatsapp::FakeWhatsApp;
