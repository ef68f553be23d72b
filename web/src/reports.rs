//! What the pages and the API say of reports in common: their sheets as CSV, and the class list that they are compared
//! with. The figures are `projections::live::reports`'.

pub mod class_list;
pub mod compare;
pub mod csv;
pub mod sheets;
