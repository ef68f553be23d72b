//! kiosk-protocol
