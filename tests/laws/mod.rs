//! Properties that hold for any story.
mod approval;
