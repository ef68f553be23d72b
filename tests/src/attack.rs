//! What somebody does who means harm. `make test` runs each at a size of seconds; `make attack` at full size
//! (`web::testing::attack_size`), and there the times count too.

mod slow_clients;
