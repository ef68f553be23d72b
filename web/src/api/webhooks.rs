//! What channels of notices tell by themselves.

pub(crate) mod whatsapp;
