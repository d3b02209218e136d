//! What an author should mend in a document.
