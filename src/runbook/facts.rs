//! Severity scales, contacts, limits, alert rules, objectives, schedules and addresses of a document.
