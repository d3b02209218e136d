//! INFO: its sections and fields as they stand in the original, and what of them the state says.
use std::fmt::Write;

use super::reply::human;
use super::{BASE, Redis, float, seconds, whole};

pub(super) const VERSION: &str = "7.2.5";
const TOTAL: usize = 8 << 30;

/// Fields are divided by bars; one without a value is told by the state.
const SECTIONS: &[(&str, &str)] = &[
    (
        "Server",
        "redis_version|redis_git_sha1:00000000|redis_git_dirty:0|redis_build_id:0|redis_mode:standalone|os:Linux x86_64|\
        arch_bits:64|monotonic_clock:POSIX clock_gettime|multiplexing_api:epoll|process_id:1|process_supervised:no|\
        run_id|tcp_port|server_time_usec|uptime_in_seconds|uptime_in_days|hz:10|configured_hz:10|lru_clock|\
        executable:/usr/local/bin/redis-server|config_file:|io_threads_active:0",
    ),
    (
        "Clients",
        "connected_clients|cluster_connections:0|maxclients|client_recent_max_input_buffer:20480|\
        client_recent_max_output_buffer:0|blocked_clients:0|tracking_clients:0|clients_in_timeout_table:0",
    ),
    (
        "Memory",
        "used_memory|used_memory_human|used_memory_rss|used_memory_rss_human|used_memory_peak|used_memory_peak_human|\
        used_memory_peak_perc|used_memory_overhead|used_memory_startup|used_memory_dataset|used_memory_dataset_perc|\
        allocator_allocated|allocator_active|allocator_resident|total_system_memory|total_system_memory_human|\
        used_memory_lua:31744|used_memory_lua_human:31.00K|used_memory_scripts:184|number_of_cached_scripts:0|\
        number_of_functions:0|number_of_libraries:0|maxmemory|maxmemory_human|maxmemory_policy|allocator_frag_ratio|\
        allocator_frag_bytes|allocator_rss_ratio:1.02|allocator_rss_bytes:0|rss_overhead_ratio:1.00|rss_overhead_bytes:0|\
        mem_fragmentation_ratio|mem_fragmentation_bytes|mem_not_counted_for_evict:0|mem_replication_backlog:0|\
        mem_total_replication_buffers:0|mem_clients_slaves:0|mem_clients_normal|mem_cluster_links:0|mem_aof_buffer:0|\
        mem_allocator:jemalloc-5.3.0|active_defrag_running:0|lazyfree_pending_objects:0|lazyfreed_objects:0",
    ),
    (
        "Persistence",
        "loading|loading_start_time|loading_total_bytes|loading_loaded_perc|loading_eta_seconds|async_loading:0|\
        rdb_changes_since_last_save|rdb_bgsave_in_progress|rdb_last_save_time|rdb_last_bgsave_status:ok|\
        rdb_last_bgsave_time_sec:0|rdb_current_bgsave_time_sec:-1|rdb_saves:1|aof_enabled|aof_rewrite_in_progress:0|\
        aof_rewrite_scheduled:0|aof_last_rewrite_time_sec:-1|aof_last_bgrewrite_status:ok|aof_last_write_status:ok",
    ),
    (
        "Stats",
        "total_connections_received|total_commands_processed|instantaneous_ops_per_sec|total_net_input_bytes|\
        total_net_output_bytes|instantaneous_input_kbps|instantaneous_output_kbps|rejected_connections|sync_full:0|\
        sync_partial_ok:0|sync_partial_err:0|expired_keys|expired_stale_perc:0.00|expired_time_cap_reached_count:0|\
        evicted_keys|evicted_clients:0|total_eviction_exceeded_time:0|current_eviction_exceeded_time|keyspace_hits|\
        keyspace_misses|pubsub_channels:0|pubsub_patterns:0|latest_fork_usec:412|total_forks:1|\
        migrate_cached_sockets:0|unexpected_error_replies:0|total_error_replies|total_reads_processed|\
        total_writes_processed|acl_access_denied_auth:0|acl_access_denied_cmd:0",
    ),
    (
        "Replication",
        "role:master|connected_slaves|replicas|master_failover_state:no-failover|master_replid|\
        master_replid2:0000000000000000000000000000000000000000|master_repl_offset|second_repl_offset:-1|\
        repl_backlog_active|repl_backlog_size:1048576|repl_backlog_first_byte_offset:1|repl_backlog_histlen:0",
    ),
    ("CPU", "used_cpu_sys|used_cpu_user|used_cpu_sys_children:0.000000|used_cpu_user_children:0.000000"),
    ("Modules", ""),
    ("Commandstats", "calls"),
    ("Errorstats", "errors"),
    ("Cluster", "cluster_enabled:0"),
    ("Keyspace", "databases"),
];
/// Told only to who asks for everything.
const BESIDE: [&str; 1] = ["commandstats"];

impl Redis {
    pub(super) fn info(&self, asked: &[String]) -> String {
        let any = |words: &[&str]| asked.iter().any(|own| words.contains(&own.as_str()));
        let mut out = String::new();
        for (title, fields) in SECTIONS {
            let name = title.to_lowercase();
            let usual = (asked.is_empty() || any(&["default"])) && !BESIDE.contains(&name.as_str());
            if !(usual || any(&["all", "everything"]) || any(&[&name])) {
                continue;
            }
            let gap = if out.is_empty() { "" } else { "\r\n" };
            let _ = write!(out, "{gap}# {title}\r\n");
            for field in fields.split('|').filter(|field| !field.is_empty()) {
                match (field.contains(':'), self.fact(field)) {
                    (true, _) => out.extend([field, "\r\n"]),
                    (false, Some(value)) => {
                        let _ = write!(out, "{field}:{value}\r\n");
                    }
                    (false, None) => self.rows(field, &mut out),
                }
            }
        }
        out
    }

    /// What is several lines.
    fn rows(&self, field: &str, out: &mut String) {
        let line = |out: &mut String, line: String| out.extend([line.as_str(), "\r\n"]);
        match field {
            "replicas" => {
                for (at, (host, port, lag)) in self.replicas.iter().enumerate() {
                    let offset = self.offset().saturating_sub(lag * 4_000);
                    let behind = format!("state=online,offset={offset},lag={lag}");
                    line(out, format!("slave{at}:ip={host},port={port},{behind}"));
                }
            }
            "calls" => {
                for (name, calls) in &self.calls {
                    let super::Calls { done, refused, failed } = calls;
                    let time = format!("usec={},usec_per_call=2.00", done * 2);
                    let ends = format!("rejected_calls={refused},failed_calls={failed}");
                    line(out, format!("cmdstat_{name}:calls={done},{time},{ends}"));
                }
            }
            "errors" => self
                .errors
                .iter()
                .for_each(|(code, count)| line(out, format!("errorstat_{code}:count={count}"))),
            "databases" => {
                for db in 0..16 {
                    let keys = self.store.count(db);
                    let (ending, left) = self.store.ending(db, self.millis());
                    let average = left.checked_div(i64::try_from(ending).unwrap_or(0)).unwrap_or(0);
                    if keys > 0 {
                        line(out, format!("db{db}:keys={keys},expires={ending},avg_ttl={average}"));
                    }
                }
            }
            _ => {}
        }
    }

    fn fact(&self, name: &str) -> Option<String> {
        self.word(name).or_else(|| self.figure(name).map(|number| number.to_string()))
    }

    /// Freed memory is not given back at once.
    fn resident(&self) -> usize {
        (self.used() + self.used() / 25).max(self.counts.peak * 3 / 4) + (3 << 20)
    }

    fn word(&self, name: &str) -> Option<String> {
        let (used, rss, counts) = (self.used(), self.resident(), &self.counts);
        let (peak, up) = (counts.peak.max(used), seconds(self.started, self.now));
        let share = |part: usize, of: usize| format!("{:.2}%", float(part) * 100.0 / float(of.max(1)));
        Some(match name {
            "redis_version" => VERSION.into(),
            "run_id" => self.id.clone(),
            "master_replid" => self.id.chars().rev().collect(),
            "maxmemory_policy" => self.policy().into(),
            "used_memory_human" => human(used),
            "used_memory_rss_human" => human(rss),
            "used_memory_peak_human" => human(peak),
            "maxmemory_human" => human(self.max()),
            "total_system_memory_human" => human(TOTAL),
            "used_memory_peak_perc" => share(used, peak),
            "used_memory_dataset_perc" => share(self.store.size(), used.saturating_sub(BASE)),
            "mem_fragmentation_ratio" => format!("{:.2}", float(rss) / float(used)),
            "allocator_frag_ratio" => format!("{:.2}", float(used + used / 25) / float(used)),
            "instantaneous_input_kbps" => format!("{:.2}", counts.rate * 0.06),
            "instantaneous_output_kbps" => format!("{:.2}", counts.rate * 0.2),
            "loading_loaded_perc" => format!(
                "{:.2}",
                self.loading
                    .map(|(since, until)| seconds(since, self.now) / seconds(since, until).max(0.001))?
                    * 100.0
            ),
            "used_cpu_sys" => format!("{:.6}", up * 0.002 + float(counts.ops) * 8e-6),
            "used_cpu_user" => format!("{:.6}", up * 0.003 + float(counts.ops) * 12e-6),
            _ => return None,
        })
    }

    fn figure(&self, name: &str) -> Option<u64> {
        let (used, rss, data, counts) = (self.used(), self.resident(), self.store.size(), &self.counts);
        let up = seconds(self.started, self.now);
        Some(match name {
            "server_time_usec" => u64::try_from(self.now.as_microsecond()).unwrap_or(0),
            "tcp_port" => self.number("port") as u64,
            "uptime_in_seconds" => whole(up),
            "uptime_in_days" => whole(up) / 86_400,
            "lru_clock" => u64::try_from(self.now.as_second()).unwrap_or(0) & 0x00ff_ffff,
            "connected_clients" => self.clients.len() as u64,
            "maxclients" => self.number("maxclients") as u64,
            "used_memory" | "allocator_allocated" | "loading_total_bytes" => used as u64,
            "used_memory_rss" | "allocator_resident" => rss as u64,
            "used_memory_peak" => counts.peak.max(used) as u64,
            "used_memory_overhead" => used.saturating_sub(data) as u64,
            "used_memory_startup" => BASE as u64,
            "used_memory_dataset" => data as u64,
            "allocator_active" => (used + used / 25) as u64,
            "allocator_frag_bytes" => (used / 25) as u64,
            "total_system_memory" => TOTAL as u64,
            "maxmemory" => self.max() as u64,
            "mem_fragmentation_bytes" => rss.saturating_sub(used) as u64,
            "mem_clients_normal" => self.client_memory() as u64,
            "loading" => u64::from(self.loading.is_some()),
            "loading_start_time" => u64::try_from(self.loading?.0.as_second()).unwrap_or(0),
            "loading_eta_seconds" => whole(seconds(self.now, self.loading?.1)),
            "rdb_changes_since_last_save" => counts.changes,
            "rdb_bgsave_in_progress" => u64::from(self.saving.is_some()),
            "rdb_last_save_time" => u64::try_from(self.saved.as_second()).unwrap_or(0),
            "aof_enabled" => u64::from(self.settings.get("appendonly").is_some_and(|on| on == "yes")),
            "total_connections_received" => counts.connections,
            "instantaneous_ops_per_sec" => whole(counts.rate),
            "total_net_input_bytes" => counts.read + counts.ops * 60,
            "total_net_output_bytes" => counts.written + counts.ops * 200,
            "rejected_connections" => counts.rejected,
            "expired_keys" => counts.expired,
            "evicted_keys" => counts.evicted,
            "current_eviction_exceeded_time" => u64::from(self.max() > 0 && used > self.max()),
            "keyspace_hits" => counts.hits,
            "keyspace_misses" => counts.misses,
            "total_error_replies" => counts.errors,
            "total_commands_processed" | "total_reads_processed" | "total_writes_processed" => counts.ops,
            "connected_slaves" => self.replicas.len() as u64,
            "master_repl_offset" => self.offset(),
            "repl_backlog_active" => u64::from(!self.replicas.is_empty()),
            _ => return None,
        })
    }
}
