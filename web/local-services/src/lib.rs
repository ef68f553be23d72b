//! local-services
