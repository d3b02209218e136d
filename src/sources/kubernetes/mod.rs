//! Kubernetes.
pub mod connect;
pub mod deeds;
pub mod kubeconfig;
