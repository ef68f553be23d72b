//! Value objects: what a plain value must look like before it is sealed, and local time.

pub mod card;
pub mod name;
pub mod zone;
