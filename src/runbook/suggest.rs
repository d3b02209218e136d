//! Which runbooks fit an alert, a pod in trouble, or some words, and why.
