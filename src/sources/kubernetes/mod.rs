//! Kubernetes.
pub mod connect;
pub mod kubeconfig;
