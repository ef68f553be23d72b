//! Value objects: what a plain value must look like before it is sealed, and local time.

pub mod app_version;
pub mod card;
pub mod mail;
pub mod name;
pub mod national_id;
pub mod phone;
pub mod school_date;
pub mod zone;
