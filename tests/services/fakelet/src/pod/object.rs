//! The parts of a Pod object that are read from the API server.
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct PodObj {
    pub metadata: Meta,
    pub spec: Spec,
    pub status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub generation: i64,
    pub resource_version: String,
    pub annotations: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    pub creation_timestamp: Option<String>,
    pub deletion_timestamp: Option<String>,
    pub deletion_grace_period_seconds: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    pub node_name: String,
    pub restart_policy: String,
    pub containers: Vec<SpecCtr>,
    pub init_containers: Vec<SpecCtr>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct SpecCtr {
    pub name: String,
    pub image: String,
    pub resources: Resources,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Resources {
    pub limits: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    pub phase: String,
    #[serde(rename = "podIP")]
    pub pod_ip: String,
    pub start_time: Option<String>,
    pub container_statuses: Vec<StatusCtr>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusCtr {
    pub name: String,
    pub restart_count: i64,
    pub ready: bool,
    pub state: Value,
    pub last_state: Value,
}
